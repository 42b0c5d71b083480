/// What the file of the write-ahead log holds: every whole record, and how much of a torn last one.
///
/// A last record that does not check out is dropped only where a crash during its write explains it. Its tag is gone
/// then, so it was never durable, so nothing was released on it. Everything else is damage. Time is linear in the file,
/// whatever it holds.
struct WriteAheadScan: Sendable {
  private(set) var records: [WriteAheadRecord] = []
  /// Bytes after the last whole record, which are to be dropped.
  private(set) var droppedBytes = 0

  private static let headerBytes = WriteAheadRecord.headerBytes
  private static let tagBytes = WriteAheadRecord.tagBytes
  private static let leastBytes = headerBytes + tagBytes

  /// - Throws: `.damaged(.walTooLong)`, `.damaged(.walRecord)`.
  init(_ file: [UInt8]) throws(LogError) {
    guard file.count <= WriteAheadRecord.limitFileBytes else { throw .damaged(.walTooLong(bytes: file.count)) }
    var previousTag = WriteAheadRecord.firstTag
    var offset = 0
    while offset < file.count {
      guard let length = Self.wholeLength(file, at: offset), Self.isIntact(file[offset..<offset + length]),
        Self.follows(previousTag, file, at: offset)
      else {
        guard Self.isTorn(file, at: offset, after: previousTag) else { throw .damaged(.walRecord(offset: offset)) }
        droppedBytes = file.count - offset
        return
      }
      let bytes = file[offset..<offset + length]
      guard let record = try? WriteAheadRecord(intact: bytes) else { throw .damaged(.walRecord(offset: offset)) }
      records.append(record)
      previousTag = Array(bytes.suffix(Self.tagBytes))
      offset += length
    }
  }

  /// Length of the record that starts here, when the file holds that many bytes.
  private static func wholeLength(_ file: [UInt8], at offset: Int) -> Int? {
    guard file.count - offset >= leastBytes else { return nil }
    let payload = number(file, at: offset + 8)
    guard payload <= WriteAheadRecord.limitPayloadBytes else { return nil }
    let length = leastBytes + payload
    return length <= file.count - offset ? length : nil
  }

  /// 32 bits, big-endian.
  private static func number(_ file: [UInt8], at offset: Int) -> Int {
    Int(file[offset]) << 24 | Int(file[offset + 1]) << 16 | Int(file[offset + 2]) << 8 | Int(file[offset + 3])
  }

  private static func follows(_ tag: [UInt8], _ file: [UInt8], at offset: Int) -> Bool {
    file[(offset + 12)..<(offset + headerBytes)].elementsEqual(tag)
  }

  private static func isIntact(_ record: ArraySlice<UInt8>) -> Bool {
    WriteAheadRecord.tag(record.dropLast(tagBytes)).elementsEqual(record.suffix(tagBytes))
  }

  /// Whether a crash during the one un-synced write explains the bytes from `offset` to the end of the file.
  private static func isTorn(_ file: [UInt8], at offset: Int, after previousTag: [UInt8]) -> Bool {
    let rest = file.count - offset
    guard rest >= leastBytes else { return true }
    guard rest <= WriteAheadRecord.limitBytes else { return false }
    // A record that continues the chain and has something behind it was synced before that was written.
    if let length = wholeLength(file, at: offset), length < rest, follows(previousTag, file, at: offset) {
      return false
    }
    if mayHoldRecord(file, from: offset) { return false }
    if reachesEnd(file, at: offset) { return lacksSector(file, from: offset) }
    return true
  }

  /// Whether a record follows the damage, which was durable once then; also when bytes that look like ever new beginnings of
  /// records ask for more hashing than a torn write can.
  private static func mayHoldRecord(_ file: [UInt8], from start: Int) -> Bool {
    var hashedBytes = 4 * (file.count - start)
    for offset in start..<file.count where file[offset] == 0 {
      guard let length = wholeLength(file, at: offset), looksLikeRecord(file, at: offset, length) else { continue }
      hashedBytes -= length
      if hashedBytes < 0 || isIntact(file[offset..<offset + length]) { return true }
    }
    return false
  }

  /// Whether the payload begins with a count that fits its length: cheap, and almost never true by chance.
  private static func looksLikeRecord(_ file: [UInt8], at offset: Int, _ length: Int) -> Bool {
    guard length > leastBytes + 4 else { return false }
    let count = number(file, at: offset + headerBytes)
    return (1...WriteAheadRecord.limitEntries).contains(count) && 2 * count < length - leastBytes
  }

  /// The record is as long as the file, by its own length or, should that be what was damaged, by its tag.
  private static func reachesEnd(_ file: [UInt8], at offset: Int) -> Bool {
    let rest = file.count - offset
    if wholeLength(file, at: offset) == rest { return true }
    var repaired = Array(file[offset...])
    let payload = UInt32(truncatingIfNeeded: rest - leastBytes)
    for place in 0..<4 { repaired[8 + place] = UInt8(truncatingIfNeeded: payload >> (24 - 8 * UInt32(place))) }
    return isIntact(repaired[...])
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
