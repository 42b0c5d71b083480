package import Bytes
import Cryptography

/// Artefacts in one file, for networks that nothing but files crosses. Unverified: every artefact proves itself when it is
/// taken, and the digests only tell a damaged file from a forged artefact.
///
/// Shape: canonical JSON, `{"artefacts":[{"body","fetchedAt","key","sha256","source"}],"createdAt","format","v":1}`, in
/// the order of the keys' texts, each key once.
package struct CollateralBundle: Sendable, Equatable {
  package static let format = "vouchsafe/collateral"
  package static let limitBytes = 64 << 20
  package static let recordLimit = 20_000

  package let createdAt: Timestamp
  package let records: [CollateralRecord]

  /// Of two records of one key the first stays.
  package init(createdAt: Timestamp, records: [CollateralRecord]) {
    var seen = Set<CollateralKey>()
    self.createdAt = Timestamp(seconds: createdAt.seconds)
    self.records = records.filter { seen.insert($0.key).inserted }.sorted { $0.key < $1.key }
  }

  /// - Throws: `.malformed` for another file, or this one in another spelling; `.digestMismatch`.
  package init(parsing bytes: [UInt8]) throws(CollateralFault) {
    do throws(ParseError) {
      guard bytes.count <= Self.limitBytes else { throw ParseError("bundle", .tooLong) }
      let text = bytes.last == 0x0A ? Array(bytes.dropLast()) : bytes
      let value = try StrictJSON.parse(text, limits: StrictJSON.Limits(depth: 4, tokens: 12 * Self.recordLimit))
      var reader = try JSONReader(value, "")
      guard try reader.string("format") == Self.format else { throw ParseError("format", .unexpected) }
      guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("v", .unexpected) }
      createdAt = try reader.timestamp("createdAt")
      let items = try reader.array("artefacts")
      try reader.finish()
      guard items.count <= Self.recordLimit else { throw ParseError("artefacts", .tooLong) }
      var entries: [Entry] = []
      for item in items { entries.append(try Entry(parsing: item)) }
      records = entries.map(\.record)
      guard zip(records, records.dropFirst()).allSatisfy({ $0.key < $1.key }) else {
        throw ParseError("artefacts", .notCanonical)
      }
      isWhole = entries.allSatisfy(\.isWhole)
    } catch { throw .malformed(error) }
    guard isWhole else { throw .digestMismatch }
    let again = bytes.last == 0x0A ? self.bytes : self.bytes.dropLast()
    guard again == bytes else { throw .malformed(ParseError("bundle", .notCanonical)) }
  }

  private var isWhole = true

  /// Whether the bytes begin as such a file does.
  package static func isNamed(in bytes: [UInt8]) -> Bool { bytes.starts(with: "{\"artefacts\":[".utf8) }

  /// Its artefacts, none of them from a time to come.
  package func records(fetchedBy now: Timestamp) -> [CollateralRecord] {
    records.map { record in
      CollateralRecord(
        key: record.key, body: record.body, fetchedAt: min(record.fetchedAt, now), source: record.source)
    }
  }

  /// With a line feed at the end.
  package var bytes: [UInt8] {
    CanonicalJSON.encode(
      .object([
        ("format", .string(Self.format)), ("v", 1), ("createdAt", .string(createdAt.rfc3339)),
        ("artefacts", .array(records.map { Entry(record: $0, digest: $0.digest).json })),
      ])) + [0x0A]
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.createdAt == right.createdAt && left.records == right.records
  }

  private struct Entry {
    let record: CollateralRecord
    let digest: [UInt8]

    var isWhole: Bool { record.digest == digest }

    init(record: CollateralRecord, digest: [UInt8]) {
      self.record = record
      self.digest = digest
    }

    init(parsing value: JSONValue) throws(ParseError) {
      guard case .object(var object) = value, let text = object["sha256"]?.stringValue else {
        throw ParseError("artefact.sha256", .missing)
      }
      digest = try Hex.decode(text, "artefact.sha256")
      object["sha256"] = nil
      record = try CollateralRecord(parsing: .object(object))
    }

    var json: JSONValue {
      var object = record.json.objectValue ?? JSONObject()
      object["sha256"] = .string(Hex.encode(digest))
      return .object(object)
    }
  }
}

extension CollateralRecord {
  /// SHA-256 of the body.
  package var digest: [UInt8] { Hash.sha256.digest(body) }
}
