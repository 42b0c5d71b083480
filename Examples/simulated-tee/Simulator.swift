import Bytes
import Evidence
import Glibc
import SimulatedTEE
import Terminal
import Transport

/// What the verbs do.
enum Simulator {
  static func serve(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let guest = try guest(arguments)
    let (host, port) = try address(arguments.value("--listen") ?? "127.0.0.1:8006")
    let server = try HTTPServer(
      ServerConfiguration(host: host, port: port, tls: nil),
      responder: GuestServices(guest: guest, sendsCertificates: !arguments.flag("--no-certificates")))
    Console.note("SIMULATED TEE: the evidence served here is made up and proves nothing")
    Console.line("ready http://\(host):\(server.boundPort) SIMULATED")
    try await server.run()
    return .ok
  }

  static func mint(_ arguments: Arguments) throws -> ExitCode {
    _ = try arguments.positional()
    let reportData = try Hex.decode(arguments.value("--report-data") ?? "", "--report-data")
    guard reportData.count <= 64 else { throw Failure(.usage, "mint: --report-data has at most 64 bytes") }
    let guest = try guest(arguments)
    let evidence = try guest.evidence(
      reportData: reportData, certificates: arguments.flag("--no-certificates") ? [] : nil)
    let json = CanonicalJSON.encode(evidence.kbsJSON) + [0x0A]
    let bytes = arguments.flag("--raw") ? evidence.extendedBytes : json
    try Console.writeFile(arguments.value("--out") ?? "-", bytes, replacing: true)
    Console.note("SIMULATED evidence: it is made up and proves nothing")
    return .ok
  }

  static func anchors(_ arguments: Arguments) throws -> ExitCode {
    _ = try arguments.positional()
    Console.json(try keys(arguments).anchorsFile)
    return .ok
  }

  private static func guest(_ arguments: Arguments) throws -> SimulatedSNP {
    let name = arguments.value("--product") ?? SNPProduct.milan.rawValue
    guard let product = SNPProduct(rawValue: name) else {
      let names = SNPProduct.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(.usage, "--product is one of \(names)")
    }
    var guest = SimulatedSNP(product, keys: try keys(arguments))
    do {
      if arguments.flag("--vlek") { try guest.set("signing-key", to: "vlek") }
      for field in ["measurement", "host-data", "vmpl", "tcb", "policy"] {
        if let value = arguments.value("--" + field) { try guest.set(field, to: value) }
      }
      if let version = arguments.value("--report-version") { try guest.set("version", to: version) }
      if arguments.flag("--debug") { guest.policy |= 1 << 19 }
      for setting in arguments.values("--set") {
        let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw SimulatorError(description: "--set takes FIELD=VALUE") }
        try guest.set(parts[0], to: parts[1])
      }
    } catch { throw Failure(.usage, "\(error)") }
    return guest
  }

  /// The keys of the folder, made and written there the first time; keys of this process alone without a folder.
  private static func keys(_ arguments: Arguments) throws(Failure) -> SimulatedKeys {
    guard let folder = arguments.value("--pki") else { return .shared }
    if let keys = SimulatedKeys(folder: folder) { return keys }
    Console.note("making SIMULATED keys in \(folder)")
    let made = unsafe mkdir(folder, 0o700)
    guard made == 0 || errno == EEXIST else {
      throw Failure(.usage, "cannot make \(folder): \(Console.systemMessage())")
    }
    let keys = SimulatedKeys.generate()
    guard keys.write(folder: folder) else { throw Failure(.usage, "cannot write into \(folder)") }
    try Console.writeFile(
      "\(folder)/anchors.json", Array(CanonicalJSON.pretty(keys.anchorsFile).utf8), replacing: true)
    return keys
  }

  private static func address(_ text: String) throws(Failure) -> (host: String, port: UInt16) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw Failure(.usage, "--listen takes HOST:PORT")
    }
    return (String(text[..<colon]), port)
  }
}
