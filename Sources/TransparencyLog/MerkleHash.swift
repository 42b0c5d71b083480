import Bytes
import Cryptography

/// A SHA-256 hash of the log's tree. Spec: RFC 6962 §2.1.
package struct MerkleHash: Hashable, Sendable {
  package static let byteCount = 32
  /// 32 bytes.
  package let bytes: [UInt8]

  /// `nil` unless there are 32 bytes.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  private init(digestOf bytes: [UInt8]) { self.bytes = Hash.sha256.digest(bytes) }

  package static let emptyTree = MerkleHash(digestOf: [])
  package static func leaf(_ entry: [UInt8]) -> MerkleHash { MerkleHash(digestOf: [0x00] + entry) }

  package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    MerkleHash(digestOf: [0x01] + left.bytes + right.bytes)
  }

  package var base64: String { Base64.encode(bytes) }

  /// Reads one base64 line of a checkpoint or a proof.
  package init(parsing text: ArraySlice<UInt8>, _ field: StaticString) throws(LogError) {
    do throws(ParseError) {
      guard let hash = MerkleHash(try Base64.decode(Array(text), .standard, field)) else {
        throw ParseError(field, .outOfRange)
      }
      self = hash
    } catch { throw .malformed(error) }
  }
}
