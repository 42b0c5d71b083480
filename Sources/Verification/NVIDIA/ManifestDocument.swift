import Bytes
import Cryptography

/// A reference manifest as it was received. Unverified.
package struct ManifestDocument: Sendable, Hashable {
  enum Content: Sendable, Equatable {
    case manifest(ReferenceManifest)
    case malformed(ParseError)
  }

  package let bytes: [UInt8]
  /// SHA-256: what it is remembered by and what the log names.
  package let digest: [UInt8]
  let content: Content

  /// Text that begins as XML does; what cannot be read is kept, so that a refusal can name it.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    digest = Hash.sha256.digest(bytes)
    do throws(ParseError) {
      content = .manifest(try ReferenceManifest(parsing: bytes))
    } catch { content = .malformed(error) }
  }

  var manifest: ReferenceManifest? { if case .manifest(let manifest) = content { manifest } else { nil } }

  package static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
