package import Bytes
package import Platform
package import TransparencyLog

/// Why a broker's state was not copied, or a copy is not what was signed.
package enum BackupError: Error, Equatable, Sendable {
  /// The folder is no broker's state.
  case notAState(missing: String)
  /// Something is there already.
  case exists(String)
  /// The log in it.
  case log(LogError)
  /// A file whose name is its digest has other bytes.
  case blobAltered(String)
  /// A file is not there, or not as the manifest says.
  case fileMissing(String)
  case fileAltered(String)
  case malformed(ParseError)
  /// The manifest is not signed by the key, or the signature is of another manifest.
  case signature
  /// The signed log does not add up to its checkpoint, or is not the one that the auditor knows.
  case audit(String)
  case platform(String, PlatformError)

  package var code: String {
    switch self {
    case .notAState: "notAState"
    case .exists: "exists"
    case .log(let error): error.code
    case .blobAltered: "blobAltered"
    case .fileMissing: "fileMissing"
    case .fileAltered: "fileAltered"
    case .malformed: "manifestMalformed"
    case .signature: "manifestSignature"
    case .audit: "logInconsistent"
    case .platform(_, let error): error.code
    }
  }
}

extension BackupError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAState(let missing): "no broker's state: \(missing) is not there"
    case .exists(let name): "\(name) is there already; name a folder that is not"
    case .log(let error): "the log cannot be used (\(error.code))"
    case .blobAltered(let name): "\(name) does not have the digest of its name"
    case .fileMissing(let name): "\(name) is missing"
    case .fileAltered(let name): "\(name) is not as it was when the manifest was signed"
    case .malformed(let error): "the manifest: \(error)"
    case .signature: "the manifest is not signed by the given key"
    case .audit(let sentence): "the log in it: \(sentence)"
    case .platform(let name, let error): "\(name): \(error)"
    }
  }
}
