import Bytes
import Cryptography

/// The bytes of a pack, at any place: a file, or memory.
package protocol PackBytes: Sendable {
  /// Up to `count` bytes from `offset` on; fewer only where the pack ends.
  func bytes(at offset: UInt64, count: Int) throws -> [UInt8]
}

package struct PackInMemory: PackBytes {
  private let whole: [UInt8]

  package init(_ whole: [UInt8]) { self.whole = whole }

  package func bytes(at offset: UInt64, count: Int) -> [UInt8] {
    offset < UInt64(whole.count) ? Array(whole[Int(offset)...].prefix(count)) : []
  }
}

/// Takes a pack apart, record by record, front to back; one record is in memory at a time.
struct PackReader<Source: PackBytes> {
  let source: Source
  private(set) var offset: UInt64 = 0
  /// Of the next record, from 0 on.
  private(set) var ordinal = 0
  private var chain = PackRecord.firstChain

  /// - Throws: `.notAPack`; what the source throws.
  init(_ source: Source) throws {
    self.source = source
    guard try source.bytes(at: 0, count: PackRecord.magic.count) == PackRecord.magic else { throw PackError.notAPack }
    offset = UInt64(PackRecord.magic.count)
  }

  /// A record and where its body stands.
  struct Found {
    let record: PackRecord
    let body: Range<UInt64>
    let place: PackPlace
  }

  /// - Parameter section: what the next record belongs to, for whoever reads why it was refused.
  /// - Throws: `PackError`: `.truncated` also at the end; what the source throws.
  mutating func next(in section: PackPlace.Section) throws -> Found {
    let place = PackPlace(ordinal, section)
    let head = try source.bytes(at: offset, count: PackRecord.headBytes)
    guard head.count == PackRecord.headBytes else { throw PackError.truncated(place) }
    let length = head[1..<5].reduce(0) { $0 << 8 | Int($1) }
    guard let kind = PackRecord.Kind(rawValue: head[0]), length <= kind.limitBytes else {
      throw PackError.altered(place)
    }
    let start = offset + UInt64(PackRecord.headBytes)
    let body = try source.bytes(at: start, count: length)
    guard body.count == length else { throw PackError.truncated(place) }
    let expected = PackRecord.chain(after: chain, head[0], body)
    guard Array(head[5...]) == expected else { throw PackError.altered(place) }
    chain = expected
    offset = start + UInt64(length)
    ordinal += 1
    return Found(record: PackRecord(kind, body), body: start..<offset, place: place)
  }

  /// - Throws: `.trailing` unless the pack ends here.
  func finish() throws {
    guard try source.bytes(at: offset, count: 1).isEmpty else { throw PackError.trailing }
  }
}

/// What an entry of a pack may ask for: the blobs before it, and nothing that was not said to be absent.
struct PackedBlobs<Source: PackBytes>: BlobSource {
  private let source: Source
  /// Where each blob stands; `nil` for one that is said to be absent.
  private var places: [[UInt8]: Range<UInt64>?] = [:]
  /// Those that came since the last entry, with their places.
  private var fresh: [(digest: [UInt8], place: PackPlace)] = []
  private var asked: Set<[UInt8]> = []
  /// The entry that asks.
  private var entry: UInt64 = 0
  private(set) var present = 0
  private(set) var absent = 0

  init(_ source: Source) { self.source = source }

  /// - Throws: `.repeated`, `.malformed`.
  mutating func add(_ found: PackReader<Source>.Found) throws(PackError) {
    let isAbsent = found.record.kind == .absent
    let digest = isAbsent ? found.record.body : Hash.sha256.digest(found.record.body)
    guard digest.count == 32 else { throw .malformed(found.place, ParseError("absent", .truncated)) }
    let rises = fresh.last.map { $0.digest.lexicographicallyPrecedes(digest) } ?? true
    guard rises, places[digest] == nil else { throw .repeated(found.place) }
    places[digest] = .some(isAbsent ? nil : found.body)
    fresh.append((digest, found.place))
    if isAbsent { absent += 1 } else { present += 1 }
  }

  mutating func begin(_ index: UInt64) {
    entry = index
    asked = []
  }

  /// - Throws: `.unneeded` when the entry that asked last left something that came before it.
  mutating func finish() throws(PackError) {
    for item in fresh where !asked.contains(item.digest) { throw .unneeded(item.place) }
    fresh = []
  }

  mutating func blob(_ digest: [UInt8]) throws -> [UInt8]? {
    asked.insert(digest)
    guard let place = places[digest] else { throw PackError.undeclared(entry: entry, digest: digest) }
    guard let place else { return nil }
    return try source.bytes(at: place.lowerBound, count: Int(place.upperBound - place.lowerBound))
  }
}
