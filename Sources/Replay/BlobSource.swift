package import Bytes
import Cryptography

/// Where an auditor finds what entries name by digest: a folder, a broker, a pack. Nothing it returns is trusted.
package protocol BlobSource {
  /// The bytes under that SHA-256, or `nil` when there are none (a retention rule may have removed them).
  mutating func blob(_ digest: [UInt8]) async throws -> [UInt8]?
}

/// A blob that an entry needs and that is not there any more.
package struct MissingBlob: Error, Equatable, Sendable {
  /// What it was: `evidence`, `collateral`, `refvalues` …
  package let what: String
  package let digest: [UInt8]

  package var json: JSONValue { .object([("what", .string(what)), ("sha256", .string(Hex.encode(digest)))]) }
}

extension BlobSource {
  /// The blob, which has that digest whatever the source says.
  /// - Throws: `MissingBlob`; `ReplayError.digestMismatch`; what the source throws.
  mutating func required(_ digest: [UInt8], _ what: String) async throws -> [UInt8] {
    guard let bytes = try await blob(digest) else { throw MissingBlob(what: what, digest: digest) }
    guard Hash.sha256.digest(bytes) == digest else { throw ReplayError.digestMismatch(what: what, digest: digest) }
    return bytes
  }
}

/// Why what was kept cannot be decided again. Missing blobs are no error: they are an answer of their own.
package enum ReplayError: Error, Equatable, Sendable {
  /// The store holds other bytes under that name.
  case digestMismatch(what: String, digest: [UInt8])
  /// A stored document is not what its writer should have written.
  case malformed(what: String, ParseError)
  /// The entry is no decision.
  case notADecision

  package var code: String {
    switch self {
    case .digestMismatch: "blobAltered"
    case .malformed: "recordMalformed"
    case .notADecision: "notADecision"
    }
  }
}

extension ReplayError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .digestMismatch(let what, let digest): "the \(what) stored as \(Hex.encode(digest)) has other bytes"
    case .malformed(let what, let error): "\(what): \(error)"
    case .notADecision: "the entry is no decision"
    }
  }
}
