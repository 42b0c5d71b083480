import Bytes
import Collateral

/// Where the artefacts of a folder are from and since when they are there: for people and for the schedule. Nothing is
/// believed for it.
struct CollateralOrigins: Sendable {
  /// Hidden, so that nobody takes what is in it for an artefact.
  static let folderName = ".store"
  static let fileName = "\(folderName)/index.json"

  struct Origin: Sendable {
    let fetchedAt: Timestamp
    let source: String
    /// SHA-256 of the body it speaks of.
    let digest: [UInt8]

    init(_ record: CollateralRecord) {
      fetchedAt = record.fetchedAt
      source = record.source
      digest = record.digest
    }

    init(parsing value: JSONValue) throws(ParseError) {
      var reader = try JSONReader(value, "origin")
      fetchedAt = try reader.timestamp("fetchedAt")
      source = try reader.string("source")
      digest = try reader.hex("sha256", count: 32)
      try reader.finish()
    }

    var json: JSONValue {
      ["fetchedAt": .string(fetchedAt.rfc3339), "source": .string(source), "sha256": .string(Hex.encode(digest))]
    }
  }

  private var origins: [CollateralKey: Origin] = [:]

  /// An index that cannot be read tells nothing.
  init(parsing bytes: [UInt8]) {
    let limits = StrictJSON.Limits(depth: 4, tokens: 1_000_000)
    guard let members = (try? StrictJSON.parse(bytes, limits: limits))?["origins"]?.objectValue?.members else { return }
    for (text, value) in members {
      guard let key = try? CollateralKey(text: text) else { continue }
      origins[key] = try? Origin(parsing: value)
    }
  }

  subscript(_ key: CollateralKey) -> Origin? {
    get { origins[key] }
    set { origins[key] = newValue }
  }

  var bytes: [UInt8] {
    let members = origins.map { ($0.key.text, $0.value.json) }
    return CanonicalJSON.encode(.object([("v", 1), ("origins", .object(members))])) + [0x0A]
  }
}
