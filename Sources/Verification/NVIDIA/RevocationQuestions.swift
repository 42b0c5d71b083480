package import Cryptography
package import Evidence

/// What responders have to be asked about before a device, or the signer of a manifest, is cleared. Unverified: whoever
/// sent the certificates chose what is asked.
package struct RevocationQuestions: Sendable, Equatable {
  package private(set) var certificates: [CertificateID] = []
  /// Who issued them, the roots left out: by these an answer is followed to a root.
  package private(set) var issuers: [Certificate] = []

  /// Of everything between the device's own certificate and its root; nothing for a device that is refused anyway.
  package init(_ device: DeviceEvidence) {
    guard let chain = try? DeviceChain(pem: device.certificateChain), chain.family.hasKnownManifests else { return }
    add(chain.path.dropFirst(), root: chain.root)
  }

  /// Of everything between a manifest's text and its root.
  package init(_ document: ManifestDocument) {
    guard let chain = document.manifest?.signature.certificates, let root = chain.last else { return }
    add(chain.dropLast(), root: root)
  }

  private mutating func add(_ path: ArraySlice<Certificate>, root: Certificate) {
    for (certificate, issuer) in zip(path, path.dropFirst() + [root]) {
      guard let id = CertificateID(of: certificate, issuer: issuer) else { continue }
      certificates.append(id)
    }
    issuers = Array(path.dropFirst())
  }
}
