import Cryptography
import FuzzDriver

// DER goes through libcrypto; what is asked of the result here is what verification asks of it.
fuzz { input in
  if let certificate = try? Certificate(der: input) {
    precondition(certificate.der == input, "a certificate that is not all of its bytes")
    precondition((try? Certificate.parsePEM(Array(certificate.pem.utf8)))?.map(\.der) == [input], "PEM changes it")
    _ = (certificate.subject.commonName, certificate.issuer.description, certificate.serialNumber)
    _ = (certificate.notBefore, certificate.notAfter, certificate.isCA, certificate.signatureAlgorithm)
    _ = (certificate.publicKey, certificate.extensionValues("1.3.6.1.4.1.3704.1.4"))
  }
  if let list = try? CertificateRevocationList(der: input) {
    precondition(list.der == input, "a list that is not all of its bytes")
    _ = (list.revokedSerials, list.number, list.nextUpdate)
  }
  _ = try? Certificate.parsePEM(input)
  _ = try? VerifyingKey(subjectPublicKeyInfo: input)
}
