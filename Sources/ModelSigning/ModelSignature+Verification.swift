import Bytes
import Cryptography

extension ModelSignature {
  /// The signed statement, read only after its signature and its signer have been found right.
  package func verified(by trust: SignerTrust) throws(ModelSigningError) -> SignedModel {
    let signer = try signer(trust)
    guard let key = signer.publicKey, let hash = Self.hash(of: key.kind) else { throw .unsupported(.key) }
    guard key.isValidECDSA(der: signature, for: Self.signedBytes(payload), hash: hash) else { throw .signature }
    return try SignedModel(parsing: payload, signer: signer)
  }

  private func signer(_ trust: SignerTrust) throws(ModelSigningError) -> ModelSigner {
    switch (trust, material) {
    case (.key(let key), .key(let hint)):
      guard hint.isEmpty || hint == Self.hint(of: key) else { throw .otherKey }
      return .key(key)
    case (.authorities(let authorities), .certificates(let chain)):
      return .certificate(try authorities.verified(chain))
    default: throw .otherMaterial
    }
  }

  private static func hint(of key: VerifyingKey) -> String {
    Hex.encode(Hash.sha256.digest(Array(PEM.encode("PUBLIC KEY", key.subjectPublicKeyInfo).utf8)))
  }

  /// Each curve goes with one hash. Spec: sigstore/protobuf-specs, `PublicKeyDetails`.
  private static func hash(of kind: VerifyingKey.Kind) -> Hash? {
    switch kind {
    case .p256: .sha256
    case .p384: .sha384
    case .p521: .sha512
    case .rsa, .ed25519: nil
    }
  }

  /// Spec: DSSE 1.0, pre-authentication encoding.
  static func signedBytes(_ payload: [UInt8]) -> [UInt8] {
    let type = SignedModel.payloadType
    return Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
  }
}
