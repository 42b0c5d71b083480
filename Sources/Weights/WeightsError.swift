package import Bytes

/// Why a sealed model was refused, or a model was not sealed. Paths are those of the manifest, at most `ModelPath.limit`
/// bytes without control characters.
package enum WeightsError: Error, Equatable, Sendable {
  case malformed(ParseError)
  /// A path that may not be in a manifest, and the rule it breaks.
  case path(ModelPath.Violation)
  /// More files, or more bytes, than a manifest may have.
  case tooLarge
  /// No signature of the key that must have signed, or it is wrong.
  case signature
  /// The signed note is about another manifest.
  case manifestMismatch
  /// The model or version is not the one asked for.
  case wrongModel
  /// An adapter of another model, or of none; or an adapter where a model is expected.
  case wrongBase
  /// The key is not the one the manifest commits to.
  case wrongKey
  /// A ciphertext has another size than the manifest's plaintext asks for.
  case ciphertextSize(path: String)
  /// A ciphertext does not begin with the header of the one format.
  case header(path: String)
  /// A segment does not open at its place under this key, model, version and path.
  case segment(path: String, index: Int)
  /// The bytes have another SHA-256 than the manifest says.
  case digest(path: String)
  /// A file that may carry code, in a model whose signed manifest does not allow code.
  case code(path: String)
  /// A weight file whose header does not describe that file.
  case weightsHeader(path: String, ParseError)
  /// Reading or writing failed; what the storage said is in `StorageFailure`.
  case storage(path: String, StorageFailure)

  /// What a `StoredBytes`, `CiphertextSource` or `Destination` threw, kept as text of our own code.
  package struct StorageFailure: Equatable, Sendable {
    package let description: String
    package init(_ error: any Error) { description = "\(error)" }
  }

  package var code: String {
    switch self {
    case .malformed: "manifestMalformed"
    case .path: "manifestPath"
    case .tooLarge: "manifestTooLarge"
    case .signature: "manifestSignature"
    case .manifestMismatch: "manifestMismatch"
    case .wrongModel: "wrongModel"
    case .wrongBase: "wrongBaseModel"
    case .wrongKey: "wrongModelKey"
    case .ciphertextSize: "ciphertextSize"
    case .header: "ciphertextHeader"
    case .segment: "segmentNotAuthentic"
    case .digest: "weightsDigestMismatch"
    case .code: "codeNotAllowed"
    case .weightsHeader: "weightsHeader"
    case .storage: "storage"
    }
  }
}

extension WeightsError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let error): "manifest: \(error)"
    case .path(let violation): "manifest: a path \(violation.rawValue)"
    case .tooLarge: "manifest: too many files or bytes"
    case .signature: "the manifest is not signed by the expected key"
    case .manifestMismatch: "the signature is of another manifest"
    case .wrongModel: "the manifest is of another model or version"
    case .wrongBase: "not an adapter of this very model; seal it with --base"
    case .wrongKey: "the key is not the one this model was sealed with"
    case .ciphertextSize(let path): "\(path): the ciphertext has the wrong size"
    case .header(let path): "\(path): not a ciphertext of the expected format"
    case .segment(let path, let index): "\(path): segment \(index) is not authentic"
    case .digest(let path): "\(path): the bytes have the wrong SHA-256"
    case .code(let path): "\(path): may carry code, which the signed manifest does not allow"
    case .weightsHeader(let path, let error): "\(path): \(error)"
    case .storage(let path, let failure): path.isEmpty ? failure.description : "\(path): \(failure.description)"
    }
  }
}
