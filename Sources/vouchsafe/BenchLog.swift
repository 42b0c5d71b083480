import Bytes
import LogStorage
import Platform
import Terminal
import TransparencyLog

/// `vouchsafe bench log`: what an append, a proof and a start cost as a log grows, on the disk that will hold it.
enum BenchLog {
  static let command = Command(
    "bench log", "measure what an append, a proof and a start cost as a log grows, on the disk that will hold it",
    options: [
      Option("--dir", value: "DIR", "an empty folder on that disk; the log that was measured stays there"),
      Option("--entries", value: "N", repeats: true, "a size to measure at (default: 1000, 100000 and 1000000)"),
      Option("--entry-bytes", value: "N", "how long an entry is (default: 600, as a decision)"),
      .output,
    ],
    example: "vouchsafe bench log --dir /var/lib/vouchsafe-bench --entries 1000 --entries 100000",
    run: { try run($0) })

  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let sizes = try sizes(arguments)
    let bytes = try arguments.integer("--entry-bytes", in: 16...16_384) ?? 600
    let path = try arguments.required("--dir")
    let disk = try emptyDisk(path)
    var rows: [LogGrowth.Row] = []
    do throws(LogError) {
      var growth = try LogGrowth.begin(on: disk, entryBytes: bytes)
      var progress = Progress("log", totalBytes: Int(sizes.last ?? 0) * bytes, quiet: false)
      for size in sizes {
        try growth.grow(to: size) { progress.update(Int($0) * bytes) }
        rows.append(try growth.measure())
      }
      progress.finish()
    } catch { throw Failure(.unavailable, "bench log: cannot use \(path): \(reason(error))") }
    switch format {
    case .json: Console.json(.array(rows.map(json)))
    case .text: Console.out(text(rows))
    }
    return .ok
  }

  private static func sizes(_ arguments: Arguments) throws(Failure) -> [UInt64] {
    let given = arguments.values("--entries")
    let sizes = given.compactMap { UInt64($0) }.filter { (1...1_000_000_000).contains($0) }
    guard sizes.count == given.count else {
      throw Failure(.usage, "bench log: --entries must be a number from 1 to 1000000000")
    }
    return sizes.isEmpty ? [1000, 100_000, 1_000_000] : Set(sizes).sorted()
  }

  private static func emptyDisk(_ path: String) throws(Failure) -> CountedDisk {
    let directory: DurableDirectory
    let isUsed: Bool
    do throws(PlatformError) {
      directory = try DurableDirectory(path: path)
      let (wal, checkpoint) = (try directory.read(file: "wal"), try directory.read(file: "checkpoint"))
      isUsed = wal != nil || checkpoint != nil
    } catch { throw Failure(.usage, "bench log: cannot use \(path): \(error); name an empty folder") }
    guard !isUsed else { throw Failure(.usage, "bench log: \(path) holds a log; name an empty folder") }
    return CountedDisk(directory)
  }

  private static func reason(_ error: LogError) -> String {
    guard case .storage(let failure) = error else { return error.code }
    return "\(failure.operation.rawValue): \(SystemMessage.of(failure.number))"
  }

  private static func json(_ row: LogGrowth.Row) -> JSONValue {
    func measure(_ measure: LogGrowth.Measure) -> JSONValue {
      .object([
        ("medianMicroseconds", .int(measure.median.microseconds)),
        ("slowest1In100Microseconds", .int(measure.slowest.microseconds)), ("reads", .int(measure.counts.reads)),
        ("bytesRead", .int(measure.counts.bytesRead)), ("writes", .int(measure.counts.writes)),
        ("syncs", .int(measure.counts.syncs)),
      ])
    }
    return .object([
      ("entries", .int(row.entries)), ("append", measure(row.append)), ("inclusionProof", measure(row.proof)),
      ("start", measure(row.start)),
    ])
  }

  private static func text(_ rows: [LogGrowth.Row]) -> String {
    let head = ["entries", "append us", "slowest %", "syncs", "proof us", "reads", "start us", "reads", "KB read"]
    let cells = rows.map { row in
      [
        "\(row.entries)", "\(row.append.median.microseconds)", "\(row.append.slowest.microseconds)",
        "\(row.append.counts.syncs)", "\(row.proof.median.microseconds)", "\(row.proof.counts.reads)",
        "\(row.start.median.microseconds)", "\(row.start.counts.reads)", "\(row.start.counts.bytesRead / 1000)",
      ]
    }
    return ([head] + cells).map { line in
      line.map { String(repeating: " ", count: max(0, 11 - $0.count)) + $0 }.joined() + "\n"
    }.joined()
  }
}

extension Duration {
  fileprivate var microseconds: Int {
    Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000)
  }
}
