package import Bytes
package import Cryptography

/// What makes a signer the right one.
package enum SignerTrust: Sendable {
  /// Whoever has the private half of this key.
  case key(VerifyingKey)
  /// Whoever has a certificate for signing code from these authorities.
  case authorities(SignerAuthorities)
}

/// Authorities whose certificates are good for signing models.
package struct SignerAuthorities: Sendable {
  private let anchors: [TrustAnchor]
  private let intermediates: [Certificate]
  private let commonName: String?
  private let time: Timestamp

  private static let profile = ChainProfile(certificateCount: 1...8, strict: false, revocation: .whenPresent)

  /// - Parameters:
  ///   - certificates: roots, and perhaps others between them and the signer. Those that issued themselves are trusted;
  ///     if none did, each is.
  ///   - commonName: of the signer; any when `nil`.
  ///   - time: when every certificate must be valid.
  package init(_ certificates: [Certificate], commonName: String?, at time: Timestamp) {
    let roots = certificates.filter { $0.subject == $0.issuer }
    anchors = (roots.isEmpty ? certificates : roots).map {
      TrustAnchor(name: $0.subject.description, unverifiedCertificate: $0)
    }
    intermediates = certificates
    self.commonName = commonName
    self.time = time
  }

  /// The signer's certificate.
  /// - Parameter chain: the signer's first; not empty.
  func verified(_ chain: [Certificate]) throws(ModelSigningError) -> Certificate {
    let leaf = chain[0]
    try verify(leaf, Array(chain.dropFirst()))
    guard SigningUsage.permits(leaf) else { throw .usage }
    guard commonName == nil || leaf.subject.commonName == commonName else { throw .otherSigner }
    return leaf
  }

  /// The first anchor that the chain leads to decides; what is wrong on a way to one is told before that there is none.
  private func verify(_ leaf: Certificate, _ carried: [Certificate]) throws(ModelSigningError) {
    var problem = ChainError.untrusted(certificate: 0)
    for anchor in anchors {
      do throws(ChainError) {
        _ = try verifyChain(
          leaf: leaf, intermediates: carried + intermediates, anchor: anchor, at: time, profile: Self.profile)
        return
      } catch .untrusted {
        continue
      } catch {
        problem = error
      }
    }
    throw .chain(problem)
  }
}

/// What the extensions of a certificate permit. Spec: RFC 5280 §4.2.1.3, §4.2.1.12.
enum SigningUsage {
  private static let codeSigning: [UInt8] = [0x2B, 6, 1, 5, 5, 7, 3, 3]

  /// Whether one of the two extensions is there, and neither that is there is for something else than signing code.
  static func permits(_ certificate: Certificate) -> Bool {
    let (usages, purposes) = (certificate.extensionValues("2.5.29.15"), certificate.extensionValues("2.5.29.37"))
    guard usages.count <= 1, purposes.count <= 1, usages.count + purposes.count > 0 else { return false }
    return usages.allSatisfy(hasDigitalSignature) && purposes.allSatisfy(hasCodeSigning)
  }

  /// A BIT STRING with its first bit set.
  private static func hasDigitalSignature(_ value: [UInt8]) -> Bool {
    var input = DERReader(value)
    guard let bits = input.element(0x03), input.isAtEnd, let first = bits.dropFirst().first else { return false }
    return first & 0x80 != 0
  }

  /// A SEQUENCE of OBJECT IDENTIFIERs with that one.
  private static func hasCodeSigning(_ value: [UInt8]) -> Bool {
    var input = DERReader(value)
    guard let list = input.element(0x30), input.isAtEnd else { return false }
    var identifiers = DERReader(list)
    var isThere = false
    while !identifiers.isAtEnd {
      guard let identifier = identifiers.element(0x06) else { return false }
      isThere = isThere || identifier.elementsEqual(codeSigning)
    }
    return isThere
  }
}
