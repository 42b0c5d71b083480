import Bytes
import Platform
import Replay
import SignedNotes
import Terminal
import TransparencyLog

/// `vouchsafe audit verify PACK`: everything that a pack says, checked without a network.
///
/// Ends with 5 for what is no pack, with 6 for one in which anything was changed or a decision comes out otherwise, with 7
/// when something that is needed was removed before the pack was made.
enum AuditVerifyPack {
  static func run(
    _ path: String, _ key: NoteVerifierKey, _ known: [Checkpoint], _ arguments: Arguments
  ) async throws(Failure) -> ExitCode {
    let format = try arguments.output()
    let examiner = PackExaminer(key: key, policy: try AuditOptions.policy(arguments), known: known)
    let file = try PackFile(path)
    var tally = ReplayTally()
    var counts = EntryCounts()
    let report: PackReport
    do {
      report = try await examiner.examine(file) { found, _ in
        tally.take(found.index, found.leaf, found.outcome)
        counts.take(found.leaf)
      }
    } catch PackError.notAPack {
      throw Failure(.malformed, "\(path): \(PackError.notAPack); a log is a folder or an https:// address")
    } catch let error as PackError {
      throw Failure(.integrity, "\(path): \(error) (\(error.code)); do not rely on this pack")
    } catch { throw Failure(.unavailable, "\(path): \(error)") }
    if let path = arguments.value("--save") {
      try Console.writeFile(path, report.checkpoint.bytes, mode: 0o644, replacing: true)
    }
    show(report, counts, tally, format)
    return tally.exit
  }

  private static func show(
    _ report: PackReport, _ counts: EntryCounts, _ tally: ReplayTally, _ format: OutputFormat
  ) {
    let signed = report.checkpoint
    switch format {
    case .json:
      var object = JSONObject([
        ("verdict", .string(tally.exit == .ok ? "verified" : "refused")),
        ("origin", .string(signed.checkpoint.origin)), ("from", .int(report.from)), ("size", .int(signed.size)),
        ("root", .string(signed.root.base64)), ("witnesses", .strings(signed.witnesses.sorted())),
        ("records", .int(report.records)), ("blobs", .int(report.blobs)), ("absent", .int(report.absent)),
      ])
      for member in counts.members + tally.members { object[member.0] = member.1 }
      Console.json(.object(object))
    case .text:
      let (origin, count) = (signed.checkpoint.origin, signed.size - report.from)
      let part = report.from > 0 ? " from \(report.from) on" : ""
      Console.line(Console.printable("intact: \(origin), \(count) \(count == 1 ? "entry" : "entries")\(part)"))
      Console.line("root \(signed.root.base64)")
      if !signed.witnesses.isEmpty {
        Console.line(Console.printable("witnesses \(signed.witnesses.sorted().joined(separator: " "))"))
      }
      for line in counts.lines { Console.line(Console.printable(line)) }
      tally.show(.text)
    }
  }
}

/// A pack on a disk, or out of a pipe into memory.
enum PackFile: PackBytes {
  case disk(RegularFile)
  case memory(PackInMemory)

  private static let pipeLimitBytes = 1 << 30

  init(_ path: String) throws(Failure) {
    guard path != "-" else {
      self = .memory(PackInMemory(try Console.readFile(path, limit: Self.pipeLimitBytes)))
      return
    }
    do throws(PlatformError) { self = .disk(try RegularFile(reading: path)) } catch {
      throw Failure(.unavailable, "\(path): \(error)")
    }
  }

  func bytes(at offset: UInt64, count: Int) throws -> [UInt8] {
    switch self {
    case .memory(let pack): return pack.bytes(at: offset, count: count)
    case .disk(let file): return try Self.read(file, at: offset, count: count)
    }
  }

  private static func read(_ file: RegularFile, at offset: UInt64, count: Int) throws -> [UInt8] {
    let left = UInt64(file.byteCount) - min(offset, UInt64(file.byteCount))
    var bytes = [UInt8](repeating: 0, count: Int(min(left, UInt64(count))))
    guard !bytes.isEmpty else { return [] }
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try file.read(at: Int(offset), into: &raw)
    return bytes
  }
}

/// What kinds of entries there were.
struct EntryCounts {
  private var types: [String: Int] = [:]
  private var results: [String: Int] = [:]
  private var simulated = 0

  init() {}

  init(_ report: AuditReport) { (types, results, simulated) = (report.types, report.results, report.simulated) }

  mutating func take(_ leaf: LogLeaf) {
    types[leaf.type, default: 0] += 1
    if let decision = leaf.decision { results[decision.allows ? "allow" : "deny", default: 0] += 1 }
    if leaf.isSimulated { simulated += 1 }
  }

  var members: [(String, JSONValue)] {
    func object(_ counts: [String: Int]) -> JSONValue {
      .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
    }
    return [("types", object(types)), ("results", object(results)), ("simulated", .int(simulated))]
  }

  var lines: [String] {
    let kinds = types.sorted { $0.key < $1.key }.map { "  \($0.value) \($0.key)" }
    let decided = results.sorted { $0.key < $1.key }.map { "  \($0.value) decided \($0.key)" }
    return kinds + decided + (simulated > 0 ? ["  \(simulated) rest on SIMULATED evidence"] : [])
  }
}
