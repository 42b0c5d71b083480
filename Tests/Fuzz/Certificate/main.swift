import Cryptography
import FuzzDriver

// DER as verification reads it, held against what libcrypto alone makes of the same bytes; and what verification asks of
// the result.
fuzz { input in
  if let certificate = try? Certificate(der: input) {
    precondition(certificate.der == input, "a certificate that is not all of its bytes")
    precondition((try? Certificate.parsePEM(Array(certificate.pem.utf8)))?.map(\.der) == [input], "PEM changes it")
    _ = (certificate.subject.commonName, certificate.issuer.description, certificate.publicKey)
    guard let other = try? Certificate(readByLibcrypto: input) else { preconditionFailure("libcrypto refuses it") }
    precondition(certificate.subject == other.subject && certificate.issuer == other.issuer, "another name")
    precondition(certificate.serialNumber == other.serialNumber && certificate.version == other.version, "another one")
    precondition(certificate.subjectPublicKeyInfo == other.subjectPublicKeyInfo, "another key")
    precondition(certificate.notBefore == other.notBefore && certificate.notAfter == other.notAfter, "other dates")
    precondition(certificate.signatureAlgorithm == other.signatureAlgorithm, "another algorithm")
    precondition(certificate.isCA == other.isCA, "an authority to one of the two")
    for oid in ["1.3.6.1.4.1.3704.1.4", "1.2.840.113741.1.13.1", "2.5.29.14"] {
      precondition(certificate.extensionValues(oid) == other.extensionValues(oid), "another extension")
    }
  }
  if let list = try? CertificateRevocationList(der: input) {
    precondition(list.der == input, "a list that is not all of its bytes")
    guard let other = try? CertificateRevocationList(readByLibcrypto: input) else {
      preconditionFailure("libcrypto refuses the list")
    }
    precondition(list.revokedSerials == other.revokedSerials && list.number == other.number, "another list")
    precondition(list.thisUpdate == other.thisUpdate && list.nextUpdate == other.nextUpdate, "other dates of a list")
    precondition(list.issuer == other.issuer && list.signatureAlgorithm == other.signatureAlgorithm, "another signer")
  }
  _ = try? Certificate.parsePEM(input)
  _ = try? VerifyingKey(subjectPublicKeyInfo: input)
}
