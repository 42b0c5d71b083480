import Bytes
import Cryptography
import Fetch
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// `vouchsafe doctor`: both listeners of a broker, its certificate, its log, and what it says of itself, as one table.
///
/// Ends as the first fault says: 3 for what cannot be reached, 6 for a log that is not signed, 7 for what has run out, and
/// with `--profile production` 4 for what only tests and demonstrations want.
struct DoctorBroker {
  private static let soon = Duration.seconds(30 * 86_400)

  private let settings: ClientSettings
  private let isProduction: Bool
  private let authority: [UInt8]?
  private let logKey: NoteVerifierKey?
  private var diagnosis = Diagnosis()

  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    var doctor = try DoctorBroker(arguments)
    try await doctor.examine()
    doctor.diagnosis.show(format)
    return doctor.diagnosis.exit
  }

  private init(_ arguments: Arguments) throws(Failure) {
    let profile = arguments.value("--profile")
    guard profile == nil || profile == "production" else {
      throw Failure(.usage, "doctor: --profile is production, or is left out")
    }
    isProduction = profile != nil
    settings = try ClientSettings(arguments)
    authority = try settings.ca.map { path throws(Failure) in try Console.readFile(path, limit: 1 << 20) }
    let vkey = arguments.value("--vkey") ?? settings.logVkey
    logKey = try vkey.map { path throws(Failure) in try AuditOptions.key(file: path) }
  }

  private mutating func examine() async throws(Failure) {
    let connection = try BrokerConnection(settings)
    diagnosis.add("client", .ok, settings.source ?? "by options")
    certificate(at: .now)
    if let broker = settings.broker {
      let client = FetchClient(FetchOptions(caPEM: authority, timeout: .seconds(10), maxBody: 1 << 20))
      await listener(client, broker.hasSuffix("/") ? String(broker.dropLast()) : broker)
    } else {
      diagnosis.add("listener", .note, "not looked at: --broker does not say where pods ask")
    }
    await administration(connection)
    let faults = diagnosis.parts.count { $0.state == .fault }
    diagnosis.summary =
      faults == 0
      ? "no fault\(isProduction ? ", by the rules for production" : "")"
      : "\(faults) \(faults == 1 ? "fault" : "faults")"
  }

  /// What only tests and demonstrations want.
  private mutating func unfit(_ part: String, _ detail: String) {
    diagnosis.add(part, isProduction ? .fault : .note, detail, exit: isProduction ? .refused : .ok)
  }

  // MARK: what everybody sees

  private mutating func certificate(at now: Timestamp) {
    guard let authority, let certificates = try? Certificate.parsePEM(authority),
      let end = certificates.map(\.notAfter).min()
    else { return diagnosis.add("certificate", .note, "believed by the system's authorities, not by --ca") }
    if end <= now {
      diagnosis.add("certificate", .fault, "ended \(end.rfc3339); make another and restart", exit: .stale)
    } else {
      diagnosis.add("certificate", end.duration(since: now) < Self.soon ? .note : .ok, "until \(end.rfc3339)")
    }
  }

  private mutating func listener(_ client: FetchClient, _ base: String) async {
    func get(_ path: String) async throws(FetchError) -> FetchResponse {
      try await client.send(FetchRequest(method: "GET", url: base + path))
    }
    do throws(FetchError) {
      let alive = try await get("/livez")
      guard alive.status == 200 else {
        return diagnosis.add("listener", .fault, "\(base): HTTP status \(alive.status)", exit: .unavailable)
      }
      diagnosis.add("listener", .ok, base)
      let ready = try await get("/readyz")
      diagnosis.add(
        "ready", ready.status == 200 ? .ok : .fault,
        ready.status == 200
          ? "decisions can be logged, so keys can be released" : "no key is released; the log could not be written",
        exit: ready.status == 200 ? .ok : .unavailable)
      log(try await get("/log/checkpoint"), of: base)
      witnesses(try await get("/metrics"))
    } catch {
      diagnosis.add("listener", .fault, "\(base): \(Self.advice(error))", exit: .unavailable)
    }
  }

  private static func advice(_ error: FetchError) -> String {
    if case .unreachable = error { return "nothing listens there; is the broker running?" }
    return BrokerConnection.advice(error)
  }

  private mutating func log(_ answer: FetchResponse, of base: String) {
    guard answer.status == 200 else {
      return diagnosis.add("log", .fault, "no checkpoint: HTTP status \(answer.status)", exit: .unavailable)
    }
    guard let logKey else {
      return diagnosis.add("log", .note, "not checked: name its verifier key with --vkey")
    }
    do throws(LogError) {
      let signed = try VerifiedCheckpoint(verifying: answer.body, by: logKey)
      let noun = signed.size == 1 ? "entry" : "entries"
      diagnosis.add("log", .ok, "\(signed.checkpoint.origin), \(signed.size) \(noun), signed by the known key")
    } catch {
      diagnosis.add(
        "log", .fault,
        "its checkpoint is not signed by the known key (\(error.code)); audit it: vouchsafe audit verify "
          + "\(base)/log", exit: .integrity)
    }
  }

  private mutating func witnesses(_ answer: FetchResponse) {
    let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
    let name = "vouchsafe_log_cosigned_age_seconds "
    guard let line = lines.first(where: { $0.hasPrefix(name) }), let age = Int64(line.dropFirst(name.count)) else {
      return diagnosis.add("witnesses", .none, "none is configured: a log that was put back shows to auditors alone")
    }
    switch age {
    case ..<0: diagnosis.add("witnesses", .fault, "not enough of them ever cosigned", exit: .unavailable)
    case ...3600: diagnosis.add("witnesses", .ok, "enough of them cosigned \(age) s ago")
    default: diagnosis.add("witnesses", .note, "enough of them cosigned last \(age) s ago; is the relay running?")
    }
  }

  // MARK: what administrators see

  private mutating func administration(_ connection: BrokerConnection) async {
    let status: JSONValue
    let references: JSONValue
    do throws(Failure) {
      status = try await connection.get("/v1/status")
      references = try await connection.get("/v1/references")
    } catch { return diagnosis.add("administration", .fault, error.message, exit: error.exit) }
    diagnosis.add("administration", .ok, settings.admin ?? "")
    approvers(status["quorum"] ?? .null)
    registered(status)
    if status["simulated"] == true {
      unfit("evidence", "SIMULATED evidence is believed: extra anchors are configured")
    } else {
      diagnosis.add("evidence", .ok, "only what vendors' roots vouch for")
    }
    await bundles(references["bundles"]?.arrayValue ?? [], connection)
    collateral(status["collateral"] ?? .null)
    emergencies(status, references)
  }

  private mutating func approvers(_ quorum: JSONValue) {
    let count = quorum["approvers"]?.integer(Int.self) ?? 0
    guard let threshold = quorum["threshold"]?.integer(Int.self) else {
      return unfit("approvers", "none: nothing can ever be approved here")
    }
    guard threshold > 1 else {
      return unfit("approvers", "one signature of \(count) is enough: a single stolen key can widen what is released")
    }
    diagnosis.add("approvers", .ok, "\(threshold) of \(count) must sign")
  }

  private mutating func registered(_ status: JSONValue) {
    let bundles = status["bundles"]?.integer(Int.self) ?? 0
    let keys = status["keys"]?.integer(Int.self) ?? 0
    let releases = bundles > 0 && keys > 0
    diagnosis.add(
      "registry", releases ? .ok : .note,
      "\(bundles) reference \(bundles == 1 ? "bundle" : "bundles"), \(keys) \(keys == 1 ? "key" : "keys")"
        + (releases ? "" : ": nothing can be released yet"))
  }

  /// What was signed but should not serve in earnest.
  private mutating func bundles(_ rows: [JSONValue], _ connection: BrokerConnection) async {
    let names = rows.compactMap { $0["name"]?.stringValue }
    var simulated: [String] = []
    for name in names {
      let shown = try? await connection.get("/v1/references/\(name)")
      if shown?["bundle"]?["acceptingSimulatedEvidence"] == true { simulated.append(name) }
    }
    if !simulated.isEmpty { unfit("bundles", "accept simulated evidence: \(simulated.joined(separator: ", "))") }
    let open = rows.count { $0["openEnds"]?.arrayValue?.isEmpty == false }
    if open > 0 {
      diagnosis.add("bundles", .note, "\(open) of \(names.count) leave something open; see vouchsafe reference list")
    }
  }

  private mutating func collateral(_ status: JSONValue) {
    let expired = (status["expired"]?.arrayValue ?? []).compactMap(\.stringValue)
    let next = status["nextExpiry"]?.stringValue
    if !expired.isEmpty {
      diagnosis.add("collateral", .fault, "ran out: \(expired.joined(separator: ", "))", exit: .stale)
    } else if status["folders"] == "unreadable" {
      diagnosis.add("collateral", .fault, "a folder of the configuration cannot be read", exit: .unavailable)
    } else {
      let count = status["proved"]?.integer(Int.self) ?? 0
      diagnosis.add("collateral", .ok, count == 0 ? "none at hand" : "\(count) proved, first end \(next ?? "unknown")")
    }
    switch status["fetcher"]?.stringValue {
    case "open", "halfOpen": diagnosis.add("fetcher", .note, "does not answer, and is left alone for a while")
    case "closed": diagnosis.add("fetcher", .ok, "asked when something is missing")
    default: diagnosis.add("fetcher", .none, "none is configured: collateral comes from folders and from pods alone")
    }
    if status["memory"] == "lost" {
      diagnosis.add("memory", .note, "collateral/seen.json was lost: how new the newest was is learned again")
    }
    if status["memoryWritable"] == false {
      diagnosis.add("memory", .fault, "collateral/seen.json cannot be written", exit: .unavailable)
    }
  }

  private mutating func emergencies(_ status: JSONValue, _ references: JSONValue) {
    let grants = status["breakGlass"]?.integer(Int.self) ?? 0
    if grants > 0 { diagnosis.add("break-glass", .note, "\(grants) in force; see vouchsafe reference list") }
    for grace in references["collateralGrace"]?.arrayValue ?? [] {
      let (vendor, until) = (grace["vendor"]?.stringValue ?? "?", grace["until"]?.stringValue ?? "?")
      diagnosis.add("grace", .note, "collateral of \(vendor) that ran out is accepted until \(until)")
    }
  }
}
