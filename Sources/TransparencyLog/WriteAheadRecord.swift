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
  /// The file is replaced after one publication at most, about every second; a longer one is not ours.
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

  /// Reads the file of one process after another: every whole record, without a torn last one.
  ///
  /// A last record that does not check out is dropped only where a crash during its write explains it. Its tag is gone
  /// then, so it was never durable, so nothing was released on it. Everything else is damage.
  /// - Throws: `.damaged(.walRecord)`.
  static func scan(_ file: [UInt8]) throws(LogError) -> [WriteAheadRecord] {
    guard file.count <= limitFileBytes else { throw .damaged(.walRecord(offset: limitFileBytes)) }
    var records: [WriteAheadRecord] = []
    var previousTag = firstTag
    var offset = 0
    while offset < file.count {
      guard let length = wholeLength(file, at: offset), isIntact(file[offset..<offset + length]),
        file[(offset + 12)..<(offset + headerBytes)].elementsEqual(previousTag)
      else {
        guard isTorn(file, at: offset) else { throw .damaged(.walRecord(offset: offset)) }
        return records
      }
      let record = file[offset..<offset + length]
      let payload = record.dropFirst(headerBytes).dropLast(tagBytes)
      guard let read = try? WriteAheadRecord(index: readIndex(record), payload: payload) else {
        throw .damaged(.walRecord(offset: offset))
      }
      records.append(read)
      previousTag = Array(record.suffix(tagBytes))
      offset += length
    }
    return records
  }

  private static func readIndex(_ record: ArraySlice<UInt8>) -> UInt64 {
    record.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Length of the record that starts here, when the file holds that many bytes.
  private static func wholeLength(_ file: [UInt8], at offset: Int) -> Int? {
    guard file.count - offset >= headerBytes + tagBytes else { return nil }
    let payload =
      Int(file[offset + 8]) << 24 | Int(file[offset + 9]) << 16 | Int(file[offset + 10]) << 8 | Int(file[offset + 11])
    guard payload <= limitPayloadBytes else { return nil }
    let length = headerBytes + payload + tagBytes
    return length <= file.count - offset ? length : nil
  }

  private static func isIntact(_ record: ArraySlice<UInt8>) -> Bool {
    tag(record.dropLast(tagBytes)).elementsEqual(record.suffix(tagBytes))
  }

  /// Whether a crash during the one un-synced write explains the bytes from `offset` to the end of the file.
  private static func isTorn(_ file: [UInt8], at offset: Int) -> Bool {
    let rest = file.count - offset
    guard rest >= headerBytes + tagBytes else { return true }
    if (offset..<file.count).contains(where: { startsIntactRecord(file, at: $0) }) { return false }
    if reachesEnd(file, at: offset) { return lacksSector(file, from: offset) }
    return true
  }

  /// A record after the damage: the damage was durable once. Records start with the high bytes of an index.
  private static func startsIntactRecord(_ file: [UInt8], at offset: Int) -> Bool {
    guard file[offset] == 0, let length = wholeLength(file, at: offset), length > headerBytes + tagBytes else {
      return false
    }
    return isIntact(file[offset..<offset + length])
  }

  /// The record is as long as the file, by its own length or, should that be what was damaged, by its tag.
  private static func reachesEnd(_ file: [UInt8], at offset: Int) -> Bool {
    let rest = file.count - offset
    if wholeLength(file, at: offset) == rest { return true }
    var repaired = ByteWriter(reserving: rest)
    repaired.append(file[offset..<offset + 8])
    repaired.bigEndian(UInt32(truncatingIfNeeded: rest - headerBytes - tagBytes))
    repaired.append(file[(offset + 12)...])
    return isIntact(repaired.bytes[...])
  }

  /// Part of the write never arrived: a stretch of a disk sector holds nothing but zeros.
  private static func lacksSector(_ file: [UInt8], from offset: Int) -> Bool {
    var start = offset
    while start < file.count {
      let end = min((start / 512 + 1) * 512, file.count)
      if end - start >= tagBytes, file[start..<end].allSatisfy({ $0 == 0 }) { return true }
      start = end
    }
    return false
  }
}
