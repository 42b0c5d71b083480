package import Cryptography

/// Certificates and revocation lists from a cache or a folder. Carriers only: nothing here is believed before `verify`
/// has followed it to an anchor.
package struct Endorsements: Sendable {
  package let certificates: [Certificate]
  package let revocationLists: [CertificateRevocationList]

  package static let none = Endorsements()

  package init(certificates: [Certificate] = [], revocationLists: [CertificateRevocationList] = []) {
    self.certificates = certificates
    self.revocationLists = revocationLists
  }
}
