import Bytes
import Platform
import Replay
import Terminal
import TransparencyLog

/// `vouchsafe audit pack`: one file that an auditor takes away.
enum AuditPack {
  static let command = Command(
    "audit pack", "put a log, its evidence and its statements into one file that an auditor takes away",
    options: [
      AuditReplay.log, AuditReplay.evidence, Option("--out", value: "FILE", "the pack; must not exist"),
      Option(
        "--from", value: "INDEX",
        "the first entry; of those before it only what they changed of the registry (default 0)"),
      Option(
        "--known", value: "FILE", repeats: true, "a checkpoint that was saved earlier and is to go with it, verified"),
      AuditOptions.vkey, AuditOptions.policy, AuditOptions.ca,
      Option(
        "--openings", value: "FILE", "names of a private log, from vouchsafe audit reveal; they go into the pack"),
      .output,
    ],
    example: "vouchsafe audit pack --log ./log --evidence ./evidence --vkey log.vkey --out march.pack",
    run: { try await run($0) })

  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let (place, path) = (try arguments.required("--log"), try arguments.required("--out"))
    let format = try arguments.output()
    let key = try AuditOptions.key(arguments)
    let maker = PackMaker(
      key: key, policy: try AuditOptions.policy(arguments), known: try AuditOptions.known(arguments, key),
      openings: try AuditReveal.openings(arguments), from: UInt64(try arguments.integer("--from", in: 0...Int.max) ?? 0)
    )
    var source = try AuditOptions.source(place, arguments)
    let blobs = try EvidenceFolder(try arguments.required("--evidence"))
    let file: NewFile
    do throws(PlatformError) { file = try NewFile(path) } catch {
      if case .alreadyExists = error { throw Failure(.usage, "\(path) already exists") }
      throw Failure(.usage, "\(path): \(error)")
    }
    let summary: PackSummary
    do {
      summary = try await maker.make(&source, blobs) { try file.append($0) }
      try file.publish()
    } catch let error as PackError {
      throw Failure(.integrity, "\(arguments.value("--evidence") ?? ""): \(error)")
    } catch AuditFailure.leaf(_, let error) {
      throw AuditReplay.unreadable(error, place)
    } catch let error as PlatformError {
      throw Failure(.usage, "\(path): \(error)")
    } catch { throw AuditOptions.failure(error, place) }
    show(summary, path, format)
    return .ok
  }

  private static func show(_ summary: PackSummary, _ path: String, _ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("origin", .string(summary.origin)), ("from", .int(summary.from)), ("size", .int(summary.size)),
          ("blobs", .int(summary.blobs)), ("absent", .int(summary.absent)), ("bytes", .int(summary.bytes)),
          ("same", .int(summary.same)), ("different", .int(summary.different)),
          ("evidenceExpired", .int(summary.expired)),
        ]))
    case .text:
      Console.line(
        Console.printable(
          "\(path): \(summary.size - summary.from) entries of \(summary.origin), \(summary.blobs) blobs, "
            + "\(summary.bytes) bytes"))
      Console.line("\(summary.same) decisions the same, \(summary.different) different, \(summary.expired) expired")
    }
  }
}
