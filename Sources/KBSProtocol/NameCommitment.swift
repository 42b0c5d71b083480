package import Bytes
import Cryptography

/// A name in an entry of the log that is readable only to whoever was given its opening: a salted hash.
///
/// Shape in an entry: `{"commitment":HEX}`, SHA-256 over label, salt and name, each length-prefixed. The salt has 32 bytes
/// that nobody outside can tell from random ones, so that a dictionary of names does not help; and it binds: no second
/// name opens it.
package struct NameCommitment: Equatable, Hashable, Sendable {
  package static let saltByteCount = 32
  /// The header by which a released key comes with the salt of its resource's name, in base64.
  package static let header = "Vouchsafe-Log-Opening"
  private static let label = "vouchsafe/log-name/v1"

  package let digest: [UInt8]

  package init(to name: String, salt: [UInt8]) {
    var writer = ByteWriter()
    writer.lengthPrefixed(Self.label)
    writer.lengthPrefixed(salt)
    writer.lengthPrefixed(name)
    digest = Hash.sha256.digest(writer.bytes)
  }

  /// Reads it from an entry; `nil` for a name in clear, or for anything else.
  package init?(_ value: JSONValue) {
    guard let object = value.objectValue, object.members.count == 1, let text = object["commitment"]?.stringValue,
      let digest = try? Hex.decode(text, "commitment"), digest.count == 32, Hex.encode(digest) == text
    else { return nil }
    self.digest = digest
  }

  /// Whether a document holds a name that is not readable.
  package static func occurs(in value: JSONValue) -> Bool {
    if NameCommitment(value) != nil { return true }
    switch value {
    case .object(let object): return object.members.contains { occurs(in: $0.value) }
    case .array(let items): return items.contains { occurs(in: $0) }
    default: return false
    }
  }

  package var json: JSONValue { .object([("commitment", .string(Hex.encode(digest)))]) }

  /// Whether a member of an entry is this name: in clear, or as a commitment that the salt opens.
  package static func isName(_ name: String, in value: JSONValue?, salt: [UInt8]?) -> Bool {
    guard let value else { return false }
    if let text = value.stringValue { return text.utf8.elementsEqual(name.utf8) }
    guard let salt, salt.count == saltByteCount, let commitment = NameCommitment(value) else { return false }
    return commitment == NameCommitment(to: name, salt: salt)
  }
}
