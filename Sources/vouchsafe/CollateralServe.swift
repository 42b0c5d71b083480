import Bytes
import Collateral
import CollateralService
import Platform
import Telemetry
import Terminal

/// `vouchsafe collateral serve`: the process that asks vendors so that no process with keys has to.
enum CollateralServe {
  static let socket = Option("--socket", value: "PATH", "where brokers ask")
  static let socketMode = Option("--socket-mode", value: "OCTAL", "who may ask; 600 if not given, 660 for a group")

  /// Signals are read from a descriptor, which works only when they were blocked before there was a second thread.
  static func isNamed(by words: [String]) -> Bool {
    words.starts(with: ["collateral", "serve"]) && !words.contains("--help") && !words.contains("-h")
  }

  static func run(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let path = try arguments.required("--socket")
    let mode = try mode(arguments)
    let endpoints = try CollateralOptions.endpoints(arguments)
    let client = try CollateralOptions.client(endpoints, arguments)
    let anchors = try EvidenceOptions.anchors(arguments)
    let store = try CollateralOptions.openStore(arguments)
    let (shelf, taken, _) = try CollateralOptions.shelf(of: store.folder, anchors, at: .now)
    let log = EventLog(service: "vouchsafe-collateral", now: { .now })
    for case .refused(let fault) in taken.map(\.result) {
      log.write(.warning, "collateral-not-taken", ["code": .code(fault.code)])
    }
    let fetcher = CollateralFetcher(
      endpoints, client: client, shelf: shelf, store: store, now: { .now }, jitter: { .random(in: 0...1) },
      report: { write($0, log) })
    let signals = try SignalSource()
    let listener: FetcherSocket
    do throws(PlatformError) {
      listener = try FetcherSocket(path: path, mode: mode, fetcher: fetcher)
      try listener.start()
    } catch { throw Failure(.usage, "cannot listen at \(path): \(error)") }
    let refreshing = Task { await fetcher.run() }
    Console.line("ready \(path) with \(shelf.items.count) artefacts")
    for await signal in signals.stream where signal == .stop { break }
    refreshing.cancel()
    await listener.stop()
    return .ok
  }

  private static func mode(_ arguments: Arguments) throws(Failure) -> UInt32 {
    guard let text = arguments.value("--socket-mode") else { return 0o600 }
    guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
      throw Failure(.usage, "collateral serve: --socket-mode takes permission bits such as 660")
    }
    return mode
  }

  private static func write(_ event: CollateralFetcher.Event, _ log: EventLog) {
    switch event {
    case .took(let key, let change, let until):
      log.write(
        .info, "collateral-taken",
        ["key": .code(key.text), "change": .code("\(change)"), "until": .code(until.rfc3339)])
    case .failed(let key, let fault):
      log.write(.warning, "collateral-failed", ["key": .code(key.text), "code": .code(fault.code)])
    case .notSaved(let key, let error):
      log.write(.error, "collateral-not-saved", ["key": .code(key.text), "code": .code(error.code)])
    }
  }
}
