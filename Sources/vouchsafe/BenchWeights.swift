import Bytes
import Glibc
import Platform
import Stores
import Terminal
import Weights

/// `vouchsafe bench weights`: how fast a sealed model opens into a directory, several times over.
enum BenchWeights {
  static let command = Command(
    "bench weights", arguments: "SEALED DIRECTORY", "measure how fast a sealed model opens into a directory",
    options: [
      ModelOptions.keyFile, ModelOptions.threads, Option("--rounds", value: "N", "how often to open it (default: 3)"),
      .output,
    ] + StoreOptions.all,
    example: "vouchsafe bench weights ./llama.sealed /dev/shm --key-file llama.key --rounds 5",
    run: { try BenchWeights.run($0) })

  private struct Round {
    let seconds: Double
    let userSeconds: Double
    let systemSeconds: Double
  }

  static func run(_ arguments: Arguments) throws -> ExitCode {
    let places = try arguments.positional("SEALED", "DIRECTORY")
    let format = try arguments.output()
    let key = try ModelKeys.read(try arguments.required("--key-file"))
    let width = try ModelOptions.threads(arguments)
    let sealed = try SealedModel(places[0], arguments, width: width)
    let bytes = try sealed.manifest()
    let manifest = try modelStep(sealed.path) { () throws(WeightsError) in try Manifest(parsing: bytes) }
    let opener = try modelStep(sealed.path) { () throws(WeightsError) in
      try Opener(manifest, key: key, width: width)
    }
    var rounds: [Round] = []
    for _ in 0..<(try arguments.integer("--rounds", in: 1...100) ?? 3) {
      rounds.append(try open(opener, sealed, "\(places[1])/vouchsafe-bench"))
    }
    report(rounds, manifest.totalSize, format)
    return .ok
  }

  private static func open(_ opener: Opener, _ sealed: SealedModel, _ target: String) throws -> Round {
    let directory = try NewDirectory(target)
    let (start, before) = (ContinuousClock.now, usage())
    try modelStep(sealed.path) { () throws(WeightsError) in
      try opener.open(from: sealed, into: PlainDirectory(directory: directory))
    }
    let (seconds, after) = ((ContinuousClock.now - start) / .milliseconds(1) / 1000, usage())
    try directory.remove()
    return Round(
      seconds: seconds, userSeconds: Self.seconds(after.ru_utime) - Self.seconds(before.ru_utime),
      systemSeconds: Self.seconds(after.ru_stime) - Self.seconds(before.ru_stime))
  }

  private static func usage() -> rusage {
    var usage = rusage()
    _ = unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return usage
  }

  /// Of this program alone: what `getrusage` says begins with the memory of who started it.
  private static func peakResidentBytes() -> Int {
    let status = (try? SmallFile.read("/proc/self/status", limitBytes: 1 << 16)) ?? []
    for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: "VmHWM:".utf8) {
      return (Int(String(decoding: line.filter { (0x30...0x39).contains($0) }, as: UTF8.self)) ?? 0) << 10
    }
    return 0
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  private static func report(_ rounds: [Round], _ bytes: Int, _ format: OutputFormat) {
    let peak = peakResidentBytes()
    switch format {
    case .json:
      Console.json(
        .object([
          ("bytes", .int(bytes)), ("peakResidentBytes", .int(peak)),
          (
            "rounds",
            .array(
              rounds.map { round in
                [
                  "microseconds": .int(Int(round.seconds * 1e6)),
                  "userMicroseconds": .int(Int(round.userSeconds * 1e6)),
                  "systemMicroseconds": .int(Int(round.systemSeconds * 1e6)),
                ]
              })
          ),
        ]))
    case .text:
      for round in rounds {
        Console.line(
          "\(tenths(Double(bytes) / round.seconds / 1e9)) GB/s: \(tenths(round.seconds)) s, of processors "
            + "\(tenths(round.userSeconds)) s user and \(tenths(round.systemSeconds)) s system")
      }
      Console.line("peak resident memory \(peak >> 20) MiB")
    }
  }

  private static func tenths(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}
