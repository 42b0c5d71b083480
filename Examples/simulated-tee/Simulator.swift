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
    let pod = GuestWithGPUs(guest: try guest(arguments), gpus: try gpus(arguments))
    let (host, port) = try address(arguments.value("--listen") ?? "127.0.0.1:8006")
    let server = try HTTPServer(
      ServerConfiguration(host: host, port: port, tls: nil),
      responder: GuestServices(pod))
    Console.note("SIMULATED TEE: the evidence served here is made up and proves nothing")
    Console.line("ready http://\(host):\(server.boundPort) SIMULATED")
    try await server.run()
    return .ok
  }

  static func mint(_ arguments: Arguments) throws -> ExitCode {
    _ = try arguments.positional()
    let reportData = try Hex.decode(arguments.value("--report-data") ?? "", "--report-data")
    guard reportData.count <= 64 else { throw Failure(.usage, "mint: --report-data has at most 64 bytes") }
    let bytes = try minted(arguments, reportData)
    try Console.writeFile(arguments.value("--out") ?? "-", bytes, replacing: true)
    Console.note("SIMULATED evidence: it is made up and proves nothing")
    return .ok
  }

  private static func minted(_ arguments: Arguments, _ reportData: [UInt8]) throws -> [UInt8] {
    if arguments.value("--tee") == TEE.nvidia.rawValue {
      guard let gpus = try gpus(arguments), !arguments.flag("--raw") else {
        throw Failure(.usage, "mint: --tee nvidia needs --gpus and knows no --raw")
      }
      let nonce = Array((reportData + [UInt8](repeating: 0, count: 32)).prefix(32))
      return CanonicalJSON.encode(gpus.kbsEvidence(nonce: nonce)) + [0x0A]
    }
    let guest = try guest(arguments)
    if arguments.flag("--raw") { return try guest.rawEvidence(reportData: reportData) }
    return CanonicalJSON.encode(try guest.kbsEvidence(reportData: reportData)) + [0x0A]
  }

  static func anchors(_ arguments: Arguments) throws -> ExitCode {
    _ = try arguments.positional()
    Console.json(try keys(arguments).anchorsFile)
    return .ok
  }

  private static func guest(_ arguments: Arguments) throws -> Guest {
    switch arguments.value("--tee") ?? TEE.snp.rawValue {
    case TEE.snp.rawValue:
      .snp(try snpGuest(arguments), sendsCertificates: !arguments.flag("--no-certificates"))
    case TEE.tdx.rawValue: .tdx(try tdxGuest(arguments))
    default: throw Failure(.usage, "--tee is snp or tdx; mint takes nvidia as well")
    }
  }

  /// The keys of the folder, made and written there the first time; keys of this process alone without a folder.
  static func keys(_ arguments: Arguments) throws(Failure) -> SimulatedKeys {
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
