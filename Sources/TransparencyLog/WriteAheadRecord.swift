import Bytes
import Cryptography

/// One group commit: a batch of entries and the signed checkpoint of the tree that they end.
///
/// Shape: index u64 ‖ length u32 ‖ previous tag 16 ‖ payload ‖ tag 16, big-endian, where tag = SHA-256(all before it)[:16] and
/// payload = count u32 ‖ (length u16 ‖ entry) × count ‖ signed checkpoint.
struct WriteAheadRecord: Equatable, Sendable {
  static let headerBytes = 28
  static let tagBytes = 16
  static let firstTag = [UInt8](repeating: 0, count: tagBytes)
  static let limitEntries = 256
  /// No record of ours is longer: 256 entries of a bundle's greatest length, and the longest signed checkpoint.
  static let limitPayloadBytes = 4 + limitEntries * (2 + 65_535) + (1 << 16)
  static let limitBytes = headerBytes + limitPayloadBytes + tagBytes
  /// The log publishes after a thousand entries at the latest and replaces the file then; a longer one is not ours.
  static let limitFileBytes = 1 << 28

  /// Of the first entry.
  let index: UInt64
  let entries: [[UInt8]]
  let checkpoint: [UInt8]

  var end: UInt64 { index + UInt64(entries.count) }

  func encode(after previousTag: [UInt8]) -> [UInt8] {
    var payload = ByteWriter()
    payload.bigEndian(UInt32(entries.count))
    payload.append(EntryBundle.encode(entries))
    payload.append(checkpoint)
    var record = ByteWriter(reserving: Self.headerBytes + payload.bytes.count + Self.tagBytes)
    record.bigEndian(index)
    record.bigEndian(UInt32(payload.bytes.count))
    record.append(previousTag)
    record.append(payload.bytes)
    record.append(Self.tag(record.bytes[...]))
    return record.bytes
  }

  init(index: UInt64, entries: [[UInt8]], checkpoint: [UInt8]) {
    self.index = index
    self.entries = entries
    self.checkpoint = checkpoint
  }

  /// Reads a record whose tag was found right.
  init(intact record: ArraySlice<UInt8>) throws(ParseError) {
    let index = record.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    try self.init(index: index, payload: record.dropFirst(Self.headerBytes).dropLast(Self.tagBytes))
  }

  private init(index: UInt64, payload: ArraySlice<UInt8>) throws(ParseError) {
    var input = ByteCursor(payload)
    let count = try input.bigEndian("wal.count", as: UInt32.self)
    guard (1...Self.limitEntries).contains(Int(count)) else { throw ParseError("wal.count", .outOfRange) }
    var entries: [[UInt8]] = []
    for _ in 0..<count {
      let length = try input.bigEndian("wal.length", as: UInt16.self)
      entries.append(Array(try input.bytes(Int(length), "wal.entry")))
    }
    guard index <= UInt64.max - UInt64(count) else { throw ParseError("wal.index", .outOfRange) }
    self.init(index: index, entries: entries, checkpoint: Array(input.rest()))
  }

  static func tag(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(Hash.sha256.digest(bytes).prefix(tagBytes)) }
}
