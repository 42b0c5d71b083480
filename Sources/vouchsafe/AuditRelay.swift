import Bytes
import Fetch
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// `vouchsafe audit relay`: carries a log's checkpoints to its witnesses and their cosignatures back, because the process
/// that holds the keys calls nobody. Holds no key itself, and is believed nothing that is not signed.
enum AuditRelay {
  static let command = Command(
    "audit relay", arguments: "URL",
    "carry a log's checkpoints to its witnesses, and what they sign back to the broker",
    options: [
      AuditOptions.vkey, Option("--policy", value: "FILE", "the witnesses, where they are, and how many must sign"),
      Option("--exchange", value: "DIR", "the folder shared with the broker (witnesses.exchange of its configuration)"),
      Option("--interval", value: "SECONDS", "how often to look for a new checkpoint (default 5)"),
      Option("--once", "look once; 0 when enough witnesses signed"), AuditOptions.ca,
      Option("--witness-ca", value: "FILE", "PEM certificates to believe the witnesses' servers by"),
    ],
    example: "vouchsafe audit relay https://broker.example:8443/log --vkey log.vkey --policy witnesses.policy "
      + "--exchange /var/lib/vouchsafe/witnesses",
    run: { try await run($0) })

  private static func run(_ arguments: Arguments) async throws -> ExitCode {
    let place = try arguments.one(of: "URL")
    let key = try AuditOptions.key(arguments)
    _ = try arguments.required("--policy")
    guard let policy = try AuditOptions.policy(arguments), policy.quorum != nil else {
      throw Failure(.usage, "audit relay: the policy says quorum none; there is nobody to ask")
    }
    let folder = try AuditFolder(try arguments.required("--exchange"), creating: true)
    let interval = try arguments.integer("--interval", in: 1...86_400) ?? 5
    let links = try links(policy, key, folder, arguments)
    let relay = Relay(
      source: try AuditOptions.source(place, arguments), key: key, policy: policy, folder: folder, links: links)
    if arguments.flag("--once") { return try await relay.pass() }
    Console.line("ready relay of \(Console.printable(key.name))")
    while true {
      _ = try await relay.pass()
      for _ in 0..<interval * 10 {
        await relay.answerQuestion()
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  private static func links(
    _ policy: QuorumPolicy, _ key: NoteVerifierKey, _ folder: AuditFolder, _ arguments: Arguments
  ) throws(Failure) -> [WitnessLink] {
    let authorities: [UInt8]? =
      if let path = arguments.value("--witness-ca") { try Console.readFile(path, limit: 1 << 20) } else { nil }
    var links: [WitnessLink] = []
    for member in policy.members {
      guard let url = member.url else {
        throw Failure(.usage, "the policy does not say where the witness \(member.name) is")
      }
      guard url.hasPrefix("https://") || AuditOptions.isLoopback(url) else {
        throw Failure(.usage, "\(url): plain HTTP is for loopback addresses only")
      }
      var options = FetchOptions(timeout: .seconds(10), maxBody: 1 << 17, allowPlainHTTP: AuditOptions.isLoopback(url))
      options.caPEM = authorities
      links.append(
        WitnessLink(
          member: member, base: url.hasSuffix("/") ? String(url.dropLast()) : url, key: key, folder: folder,
          client: FetchClient(options)))
    }
    return links
  }
}

/// One log, its witnesses and the folder between.
struct Relay {
  let source: AuditSource
  let key: NoteVerifierKey
  let policy: QuorumPolicy
  let folder: AuditFolder
  let links: [WitnessLink]

  /// Shows the newest checkpoint to every witness.
  func pass() async throws(Failure) -> ExitCode {
    await answerQuestion()
    let newest: VerifiedCheckpoint
    do { newest = try await checkpoint() } catch {
      Console.note("audit relay: no checkpoint of the log: \(AuditOptions.failure(error, key.name).message)")
      return .unavailable
    }
    let source = source
    let outcomes = await withTaskGroup(of: (String, WitnessLink.Outcome).self) { group in
      for link in links { group.addTask { (link.member.name, await link.submit(newest, source)) } }
      return await group.reduce(into: [(String, WitnessLink.Outcome)]()) { $0.append($1) }
    }
    if outcomes.contains(where: { $0.1 == .conflict }) { return .integrity }
    return policy.isSatisfied(by: Set(outcomes.filter { $0.1 == .signed }.map(\.0))) ? .ok : .unavailable
  }

  /// Tells a broker that starts what each witness holds now.
  func answerQuestion() async {
    guard let bytes = try? folder.read(WitnessExchange.ask), let line = bytes.split(separator: 0x0A).first,
      line.count <= 64
    else { return }
    let nonce = String(decoding: line, as: UTF8.self)
    await withTaskGroup(of: Void.self) { group in
      for link in links { group.addTask { await link.answer(nonce) } }
    }
  }

  private func checkpoint() async throws -> VerifiedCheckpoint {
    var found = try await source.file(at: WitnessExchange.newestPath)
    if found == nil { found = try await source.file(at: "checkpoint") }
    guard let found else { throw AuditFailure.missing("checkpoint") }
    do throws(LogError) { return try VerifiedCheckpoint(verifying: found, by: key) } catch {
      throw AuditFailure.checkpoint(error)
    }
  }
}
