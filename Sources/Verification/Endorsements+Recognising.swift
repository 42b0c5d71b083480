import Bytes
import Cryptography

extension Endorsements {
  /// Sorts artefacts by what they are, never by what they are called: certificates and revocation lists, in DER or PEM,
  /// one or many in a file. What is neither is left out.
  package init(recognising artefacts: [[UInt8]]) {
    var certificates: [Certificate] = []
    var lists: [CertificateRevocationList] = []
    for bytes in artefacts {
      if let certificate = try? Certificate(der: bytes) {
        certificates.append(certificate)
      } else if let list = try? CertificateRevocationList(der: bytes) {
        lists.append(list)
      } else {
        certificates += (try? Certificate.parsePEM(bytes)) ?? []
        lists += (try? CertificateRevocationList.parsePEM(bytes)) ?? []
      }
    }
    self.init(certificates: certificates, revocationLists: lists)
  }
}
