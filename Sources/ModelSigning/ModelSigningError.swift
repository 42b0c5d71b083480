package import Bytes
package import Cryptography

/// Why a signature over a model's files was refused, or why the files are not those that were signed.
package enum ModelSigningError: Error, Equatable, Sendable {
  case malformed(ParseError)
  /// A form of the bundle, the statement or the digests that is not read here.
  case unsupported(Feature)
  /// The bundle is made with a certificate and a key was given to check it, or the other way round.
  case otherMaterial
  /// The bundle names another key than the one that must have signed.
  case otherKey
  /// The signature is not of these bytes by that key.
  case signature
  case chain(ChainError)
  /// The certificate is not for signing of this kind.
  case usage
  /// The certificate is of another name.
  case otherSigner
  /// The digest of the whole does not follow from the digests of the files: the statement contradicts itself.
  case inconsistent
  case fileChanged(path: String)
  case fileMissing(path: String)
  /// A signed file's bytes under a name that was not signed.
  case fileRenamed(path: String, to: String)
  /// A file that nobody signed.
  case fileUnsigned(path: String)

  package enum Feature: String, Sendable, Equatable {
    case bundle = "this version of the bundle"
    case keyless = "a signature without a key or a chain of certificates"
    case payload = "a payload that is not an in-toto statement of version 1"
    case predicate = "this version of the predicate; sign again with model-signing 1.0 or later"
    case serialization = "digests of parts of files"
    case digest = "a digest other than SHA-256"
    case key = "a key that is not on P-256, P-384 or P-521"
    case signatures = "more than one signature in a bundle"
  }

  /// Stable, free of peer input.
  package var code: String {
    switch self {
    case .malformed: "modelSignatureMalformed"
    case .unsupported: "modelSignatureUnsupported"
    case .otherMaterial: "modelSignatureMaterial"
    case .otherKey: "modelSignatureOtherKey"
    case .signature: "modelSignatureInvalid"
    case .chain(let error): error.code
    case .usage: "modelSignerUsage"
    case .otherSigner: "modelSignerName"
    case .inconsistent: "modelSignatureInconsistent"
    case .fileChanged: "signedFileChanged"
    case .fileMissing: "signedFileMissing"
    case .fileRenamed: "signedFileRenamed"
    case .fileUnsigned: "unsignedFile"
    }
  }
}

extension ModelSigningError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let error): "not a model signature: \(error)"
    case .unsupported(let feature): "not supported: \(feature.rawValue)"
    case .otherMaterial: "signed with a certificate where a key is expected, or the other way round"
    case .otherKey: "signed with another key than the one given"
    case .signature: "the signature is wrong"
    case .chain(let error): Self.sentence(error)
    case .usage: "the signer's certificate is not for signing code"
    case .otherSigner: "the signer's certificate has another common name"
    case .inconsistent: "the signed digest of the whole is not that of the signed files"
    case .fileChanged(let path): "\(path): not the bytes that were signed"
    case .fileMissing(let path): "\(path): was signed and is not there"
    case .fileRenamed(let path, let other): "\(path): was signed under this name and is now called \(other)"
    case .fileUnsigned(let path): "\(path): was not signed"
    }
  }

  private static func sentence(_ error: ChainError) -> String {
    let place = error.certificate.map { index in
      index == 0 ? ", the signer's certificate" : ", certificate \(index) above the signer's"
    }
    return "the signer's chain of certificates is refused: \(error.code)\(place ?? "")"
  }
}
