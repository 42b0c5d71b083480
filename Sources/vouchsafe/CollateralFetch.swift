import Bytes
import Collateral
import CollateralService
import Cryptography
import Evidence
import Platform
import Telemetry
import Terminal
import Verification

/// `vouchsafe collateral fetch`: asks vendors once, and keeps what is proved.
enum CollateralFetch {
  static let evidence = Option(
    "--evidence", value: "FILE|-", repeats: true, "fetch what it takes to judge this evidence")
  static let again = Option("--again", "ask even for what is at hand and holds")
  static let dryRun = Option("--dry-run", "print what would be asked of whom, and ask nobody")
  static let patience = Option(
    "--patience", value: "SECONDS", "how long to wait for vendors altogether; 60 if not given")

  /// Questions of one round: a fetcher sends no more at once.
  private static let batch = 8

  static func run(_ arguments: Arguments) async throws -> ExitCode {
    let format = try arguments.output()
    let patience = try arguments.integer("--patience", in: 1...3600) ?? 60
    let endpoints = try CollateralOptions.endpoints(arguments)
    let (named, issuers) = try questions(arguments)
    if arguments.flag("--dry-run") {
      show(named.map { endpoints.request(for: $0) }, format)
      return .ok
    }
    let anchors = try EvidenceOptions.anchors(arguments)
    let client = try CollateralOptions.client(endpoints, arguments)
    let store = try CollateralOptions.openStore(arguments)
    let now = Timestamp.now
    let (shelf, _, _) = try CollateralOptions.shelf(of: store.folder, anchors, at: now)
    let trouble = Locked<PlatformError?>(nil)
    let fetcher = CollateralFetcher(
      endpoints, client: client, shelf: shelf, store: store, now: { .now }, jitter: { .random(in: 0...1) },
      report: { event in if case .notSaved(_, let error) = event { trouble.withLock { $0 = error } } })
    let isRenewal = arguments.positional.isEmpty && arguments.values("--evidence").isEmpty
    var wanted = isRenewal ? await due(fetcher, shelf, arguments.flag("--again")) : named
    let isAgain = isRenewal || arguments.flag("--again")
    var outcomes = await obtain(wanted, issuers, from: fetcher, again: isAgain, within: .seconds(patience))
    if !isRenewal {
      // Who signed a manifest shows only when it is there.
      let manifests = outcomes.values.flatMap(\.manifests)
      let signers = Set(manifests.flatMap { CollateralKey.wanted(by: $0) }).subtracting(wanted).sorted()
      let known = manifests.flatMap { RevocationQuestions($0).issuers }
      outcomes.merge(await obtain(signers, known, from: fetcher, again: isAgain, within: .seconds(patience))) { $1 }
      wanted += signers
    }
    if let error = trouble.withLock({ $0 }) {
      throw Failure(.integrity, "\(store.folder.path): cannot keep what was fetched: \(error)")
    }
    return show(wanted, outcomes, format, at: .now)
  }

  /// Those given as words, and those that the evidence asks for, each once; and who issued what they are about.
  private static func questions(_ arguments: Arguments) throws -> (keys: [CollateralKey], issuers: [Certificate]) {
    var keys: [CollateralKey] = []
    var issuers: [Certificate] = []
    for word in arguments.positional {
      do throws(ParseError) { keys.append(try CollateralKey(text: word)) } catch {
        throw Failure(
          .usage, "collateral fetch: \(word) is no key; they look like intel/tdx/qe, intel/tdx/tcb/00906ed50000")
      }
    }
    for path in arguments.values("--evidence") {
      let bytes = try Console.readFile(path, limit: 4 << 20)
      do throws(EvidenceError) {
        let evidence = try UnverifiedEvidence.parse(bytes: bytes, tee: nil)
        keys += CollateralKey.wanted(by: evidence)
        issuers += CollateralKey.issuers(in: evidence)
      } catch { throw Failure(.malformed, "\(path): \(error)") }
    }
    var seen = Set<CollateralKey>()
    return (keys.filter { seen.insert($0).inserted }, issuers)
  }

  private static func due(
    _ fetcher: CollateralFetcher, _ shelf: CollateralShelf, _ all: Bool
  ) async -> [CollateralKey] {
    all ? shelf.items.keys.sorted() : await fetcher.dueKeys(by: .now)
  }

  /// Asks in rounds, and again for what a vendor or our own budget put off, while there is time.
  private static func obtain(
    _ wanted: [CollateralKey], _ issuers: [Certificate], from fetcher: CollateralFetcher, again: Bool,
    within patience: Duration
  ) async -> [CollateralKey: CollateralFetcher.Outcome] {
    let end = ContinuousClock.now + patience
    var outcomes: [CollateralKey: CollateralFetcher.Outcome] = [:]
    var left = wanted[...]
    while !left.isEmpty {
      let round = Array(left.prefix(batch))
      left = left.dropFirst(round.count)
      let time = max(.milliseconds(1), min(VendorClient.timeout * 2, ContinuousClock.now.duration(to: end)))
      outcomes.merge(await fetcher.outcomes(round, issuers: issuers, deadline: time, again: again)) { $1 }
      let putOff = round.compactMap { key in outcomes[key]?.wait.map { (key, $0) } }
      guard let pause = putOff.map(\.1).min(), ContinuousClock.now + pause < end else { continue }
      Console.note("waiting \(pause.components.seconds) s: the vendor is not to be asked before")
      do { try await Task.sleep(for: pause) } catch { break }
      left += putOff.map(\.0)
    }
    return outcomes
  }

  private static func show(_ requests: [VendorRequest], _ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("requests", .array(requests.map { ["key": .string($0.key.text), "url": .string($0.url)] }))
        ]))
    case .text: for request in requests { Console.line("\(request.key.shortText)  \(request.url)") }
    }
  }

  private static func show(
    _ wanted: [CollateralKey], _ outcomes: [CollateralKey: CollateralFetcher.Outcome], _ format: OutputFormat,
    at now: Timestamp
  ) -> ExitCode {
    var rows: [CollateralRow] = []
    var missing: [(why: MissingCollateral, fault: CollateralFault?)] = []
    for key in wanted {
      switch outcomes[key] {
      case .artefact(let item): rows.append(CollateralRow(item, at: now))
      case .missing(let why, let fault): missing.append((why, fault))
      case nil: missing.append((MissingCollateral(key: key, code: .unavailable), nil))
      }
    }
    switch format {
    case .json:
      Console.json(
        .object([
          ("artefacts", .array(rows.map { $0.json(at: now) })),
          ("missing", .array(missing.map { json($0.why, $0.fault) })),
        ]))
    case .text:
      Console.out(CollateralRow.text(rows))
      for (why, fault) in missing {
        Console.line(
          Console.printable("\(why.key.shortText)  missing: \(why.code.rawValue)\(fault.map { ", \($0)" } ?? "")"))
      }
      if wanted.isEmpty { Console.line("nothing is due") }
    }
    return ExitCode.worst(missing.map { $0.fault?.exit ?? .unavailable })
  }

  private static func json(_ why: MissingCollateral, _ fault: CollateralFault?) -> JSONValue {
    var object = JSONObject([("key", .string(why.key.text)), ("code", .string(why.code.rawValue))])
    if let fault { object["detail"] = .string("\(fault)") }
    if let seconds = why.retryAfterSeconds { object["retryAfterSeconds"] = .int(seconds) }
    return .object(object)
  }
}

extension CollateralFetcher.Outcome {
  fileprivate var manifests: [ManifestDocument] {
    guard case .artefact(let item) = self, case .nvidiaManifest = item.record.key else { return [] }
    return Endorsements(recognising: [item.record.body]).manifests
  }

  /// How long until asking again may help; `nil` when it is there, or waiting does not help.
  fileprivate var wait: Duration? {
    guard case .missing(let why, _) = self, let seconds = why.retryAfterSeconds else { return nil }
    switch why.code {
    case .rateLimited, .unavailable, .circuitOpen: return .seconds(Int64(max(1, seconds)))
    case .notFound, .refused, .negativeCached: return nil
    }
  }
}
