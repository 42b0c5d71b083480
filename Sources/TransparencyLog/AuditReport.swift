package import Bytes

/// What a whole, consistent log holds. Made only by an audit that found nothing wrong.
package struct AuditReport: Equatable, Sendable {
  package let origin: String
  package let size: UInt64
  /// 32 bytes.
  package let root: [UInt8]
  /// The signed checkpoint, verbatim: worth keeping, to compare the next audit with.
  package let checkpoint: [UInt8]
  /// Of the policy, by its names.
  package let witnesses: [String]
  /// Entries by `type`.
  package private(set) var types: [String: Int] = [:]
  /// Decisions by `result`.
  package private(set) var results: [String: Int] = [:]
  /// Entries that say `sim: true`.
  package private(set) var simulated = 0
  package private(set) var firstTime: Timestamp?
  package private(set) var lastTime: Timestamp?
  /// The first entry that is not a leaf as we write them.
  private(set) var leafFailure: AuditFailure?

  init(of signed: VerifiedCheckpoint) {
    origin = signed.checkpoint.origin
    size = signed.size
    root = signed.root.bytes
    checkpoint = signed.bytes
    witnesses = signed.witnesses.sorted()
  }

  /// Counts one entry: a strict JSON object with `v`, `type` and `time`.
  mutating func add(_ entry: [UInt8], at index: UInt64) {
    do throws(ParseError) {
      var leaf = try JSONReader(try StrictJSON.parse(entry), "leaf")
      guard try leaf.integer("v", as: Int.self) == 1 else { throw ParseError("leaf.v", .outOfRange) }
      let type = try leaf.string("type")
      let time = try leaf.timestamp("time")
      types[type, default: 0] += 1
      if let result = try leaf.optionalString("result") { results[result, default: 0] += 1 }
      if try leaf.optionalBool("sim") == true { simulated += 1 }
      firstTime = min(firstTime ?? time, time)
      lastTime = max(lastTime ?? time, time)
    } catch { leafFailure = leafFailure ?? .leaf(index: index, error) }
  }
}

/// The first thing that an audit found wrong.
package enum AuditFailure: Error, Equatable, Sendable {
  case missing(String)
  /// The checkpoint is malformed, or its signatures are not good enough.
  case checkpoint(LogError)
  /// A bundle is not a list of exactly the entries that belong into it.
  case malformed(String)
  /// A published tile is not what the entries give.
  case tileMismatch(String)
  /// The entries do not give the signed root.
  case rootMismatch
  /// An entry that is in the tree is not a leaf as we write them.
  case leaf(index: UInt64, ParseError)
  case shrunk(from: UInt64, to: UInt64)
  /// An earlier signed checkpoint is not a beginning of this log: its key signed two histories.
  case forked(at: UInt64)
  /// The log has no entry of that index.
  case outOfRange(UInt64, size: UInt64)

  package var code: String {
    switch self {
    case .missing: "fileMissing"
    case .checkpoint(let error): error.code
    case .malformed: "bundleMalformed"
    case .tileMismatch: "tileMismatch"
    case .rootMismatch: "rootMismatch"
    case .leaf: "leafMalformed"
    case .shrunk: "logShrunk"
    case .forked: "logForked"
    case .outOfRange: "outOfRange"
    }
  }
}

extension AuditFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path): "\(path) is missing"
    case .checkpoint(let error): "the checkpoint does not verify (\(error.code))"
    case .malformed(let path): "\(path) does not hold the entries that belong there"
    case .tileMismatch(let path): "\(path) is not what the entries give"
    case .rootMismatch: "the entries do not give the signed root"
    case .leaf(let index, let error): "entry \(index): \(error)"
    case .shrunk(let old, let new): "the log had \(old) entries and now has \(new)"
    case .forked(let size): "the log no longer begins with the \(size) entries that its key signed before"
    case .outOfRange(let index, let size): "there is no entry \(index) in a log of \(size)"
    }
  }
}
