package import Cryptography

/// Who signed a model. Verified, where it comes with a `SignedModel`.
package enum ModelSigner: Sendable, Equatable {
  case key(VerifyingKey)
  case certificate(Certificate)

  /// DER SubjectPublicKeyInfo.
  package var subjectPublicKeyInfo: [UInt8] {
    switch self {
    case .key(let key): key.subjectPublicKeyInfo
    case .certificate(let certificate): certificate.subjectPublicKeyInfo
    }
  }

  /// The certificate's subject, for people; `nil` for a key alone.
  package var subject: String? {
    if case .certificate(let certificate) = self { certificate.subject.description } else { nil }
  }

  /// `nil` when the key is of no permitted kind.
  var publicKey: VerifyingKey? {
    switch self {
    case .key(let key): key
    case .certificate(let certificate): certificate.publicKey
    }
  }
}
