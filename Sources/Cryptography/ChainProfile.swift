/// What one vendor's chains must look like, beyond RFC 5280 and security level 2 (112 bits, no SHA-1).
package struct ChainProfile: Sendable, Equatable {
  package enum Revocation: Sendable, Equatable {
    /// Every certificate below the anchor needs a valid list of its issuer.
    case required
    /// A list given for an issuer is always enforced; an issuer without one is let through.
    case whenPresent
  }

  /// How every signature from the leaf's to the one made by the anchor, and every enforced list's, must be made.
  package enum Signature: Sendable, Equatable {
    /// Whatever security level 2 permits.
    case any
    case ecdsa(Hash)
    /// PSS with MGF1 over the same hash, exactly this salt, by keys of exactly this size.
    case rsaPSS(Hash, saltLength: Int, modulusBits: Int)
  }

  /// Certificates from the leaf to the one the anchor issued.
  package var certificateCount: ClosedRange<Int>
  /// Whether the checks that OpenSSL calls strict (RFC 5280 key identifiers, key usages) apply.
  package var strict: Bool
  package var revocation: Revocation
  package var signature: Signature

  package init(
    certificateCount: ClosedRange<Int>, strict: Bool, revocation: Revocation, signature: Signature = .any
  ) {
    self.certificateCount = certificateCount
    self.strict = strict
    self.revocation = revocation
    self.signature = signature
  }

  /// VCEK or VLEK under ASK or ASVK under ARK. The leaves have serial number 0 and no key identifiers, so the strict
  /// checks cannot apply. Spec: AMD 57230, §2.
  package static let amd = ChainProfile(
    certificateCount: 2...2, strict: false, revocation: .whenPresent,
    signature: .rsaPSS(.sha384, saltLength: 48, modulusBits: 4096))

  /// PCK under the Platform or Processor CA under the SGX Root CA.
  package static let intelPCK = ChainProfile(
    certificateCount: 2...2, strict: true, revocation: .required, signature: .ecdsa(.sha256))

  /// The TCB signing certificate directly under the SGX Root CA.
  package static let intelTCBSigning = ChainProfile(
    certificateCount: 1...1, strict: true, revocation: .required, signature: .ecdsa(.sha256))

  /// A GPU or a switch under the one of its boot ROM and two authorities under the Device Identity CA. No certificate
  /// bounds the length of its path, and the device's own has an alternative name that the strict checks do not know.
  package static let nvidiaDevice = ChainProfile(
    certificateCount: 4...4, strict: false, revocation: .whenPresent, signature: .ecdsa(.sha384))

  /// The signer of a reference manifest under one to three authorities under the root of manifests.
  package static let nvidiaManifest = ChainProfile(
    certificateCount: 2...4, strict: false, revocation: .whenPresent, signature: .ecdsa(.sha384))
}
