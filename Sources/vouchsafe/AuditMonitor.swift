import Audit
import Bytes
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// `vouchsafe audit monitor`: follows a log, checks that it only grows and that its entries keep the rules.
enum AuditMonitor {
  static let command = Command(
    "audit monitor", arguments: "DIR|URL", "follow a log: it only grows, and its entries keep the rules",
    options: [
      AuditOptions.vkey, AuditOptions.policy,
      Option("--state", value: "DIR", "how far the log was followed; made when absent"),
      Option("--interval", value: "SECONDS", "how often to look (default 60)"),
      Option("--once", "look once"),
      Option("--accepting-simulated", "entries that rest on simulated evidence are no finding"), AuditOptions.ca,
      .output,
    ],
    example: "vouchsafe audit monitor https://broker.example:8443/log --vkey log.vkey --state ./seen --interval 60",
    run: { try await run($0) })

  private static func run(_ arguments: Arguments) async throws -> ExitCode {
    let place = try arguments.one(of: "DIR|URL")
    let format = try arguments.output()
    let interval = try arguments.integer("--interval", in: 1...86_400) ?? 60
    let key = try AuditOptions.key(arguments)
    let folder = try AuditFolder(try arguments.required("--state"), creating: true)
    try folder.lock()
    var monitor = Monitor(
      state: try MonitorState.read(folder, key), folder: folder, policy: try AuditOptions.policy(arguments),
      acceptingSimulated: arguments.flag("--accepting-simulated"), format: format)
    while true {
      var source = try AuditOptions.source(place, arguments)
      do {
        try await monitor.look(&source)
        if arguments.flag("--once") { return monitor.hasViolations ? .integrity : .ok }
      } catch {
        let failure = AuditOptions.failure(error, place)
        // A server that is away for a while is no finding; everything else ends the watch with its evidence kept.
        guard failure.exit == .unavailable, !arguments.flag("--once") else { throw failure }
        Console.note("audit monitor: \(failure.message)")
      }
      if monitor.hasViolations { return .integrity }
      try await Task.sleep(for: .seconds(interval))
    }
  }
}

/// One look after another at one log.
struct Monitor {
  var state: MonitorState
  let folder: AuditFolder
  let policy: QuorumPolicy?
  let acceptingSimulated: Bool
  let format: OutputFormat
  private(set) var hasViolations = false

  init(
    state: MonitorState, folder: AuditFolder, policy: QuorumPolicy?, acceptingSimulated: Bool, format: OutputFormat
  ) {
    self.state = state
    self.folder = folder
    self.policy = policy
    self.acceptingSimulated = acceptingSimulated
    self.format = format
  }

  /// Follows the log to its newest checkpoint, keeps the state, and says what was found.
  /// - Throws: `AuditFailure` with both checkpoints kept in the folder when they do not connect.
  mutating func look(_ source: inout AuditSource) async throws {
    var rules = state.rules
    var findings: [Finding] = []
    let count: UInt64
    do {
      count = try await state.log.advance(policy: policy, &source) { [acceptingSimulated] _, entry in
        findings += rules.check(entry, acceptingSimulated: acceptingSimulated)
      }
    } catch let failure as AuditFailure {
      try keepEvidence(of: failure)
      throw failure
    }
    state.rules = rules
    try state.write(folder)
    hasViolations = findings.contains { $0.rule.isViolation }
    show(findings, count)
  }

  /// Both checkpoints, verbatim: what was followed so far, and what was shown now.
  private func keepEvidence(of failure: AuditFailure) throws {
    guard let shown = state.log.shown, let followed = state.log.checkpoint, shown.bytes != followed.bytes else {
      return
    }
    try folder.place(followed.bytes, at: "conflict-\(failure.code)-followed")
    try folder.place(shown.bytes, at: "conflict-\(failure.code)-shown")
    Console.note(
      "audit monitor: kept \(folder.path)/conflict-\(failure.code)-followed (\(followed.size) entries) and "
        + "conflict-\(failure.code)-shown (\(shown.size) entries)")
  }

  private func show(_ findings: [Finding], _ count: UInt64) {
    switch format {
    case .json:
      for finding in findings { Console.out(CanonicalJSON.text(finding.json) + "\n") }
      Console.out(
        CanonicalJSON.text(
          .object([
            ("size", .int(state.log.size)), ("new", .int(count)),
            ("root", .string(state.log.checkpoint?.root.base64 ?? "")),
            ("witnesses", .strings(state.log.checkpoint?.witnesses.sorted() ?? [])),
            ("violations", .int(findings.count { $0.rule.isViolation })),
          ])) + "\n")
    case .text:
      for finding in findings {
        let kind = finding.rule.isViolation ? "VIOLATION" : "note"
        Console.line(Console.printable("\(kind) \(finding.rule.rawValue) at entry \(finding.index): \(finding.detail)"))
      }
      guard count > 0 || !findings.isEmpty else { return }
      Console.line("consistent: \(state.log.size) entries, \(count) new")
    }
  }
}
