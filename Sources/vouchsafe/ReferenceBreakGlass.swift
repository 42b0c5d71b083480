import Appraisal
import Bytes
import KBSProtocol
import Platform
import Terminal

/// `reference break-glass`: one key for one measurement and a few hours, to be signed by the break-glass quorum.
enum ReferenceBreakGlass {
  static func run(_ arguments: Arguments) async throws -> ExitCode {
    let resource = try KeyVerbs.resource(try arguments.one(of: "PATH"))
    let (out, reason) = (try arguments.required("--out"), try arguments.required("--reason"))
    let hours = try arguments.integer("--hours", in: 1...4) ?? 1
    let connection = try BrokerConnection(arguments)
    let (measurement, hostData) = try await measured(arguments, connection)
    let head = try await BrokerReferences(from: connection).head(.breakGlass, resource.text)
    // A minute less than the limit leaves the clocks some room.
    let end = Timestamp.now.adding(.seconds(hours * 3600 - (hours == 4 ? 60 : 0)))
    let statement = ReferenceStatement(
      kind: .breakGlass, scope: resource.text, version: (head?.version ?? 0) + 1, previous: head?.digest,
      notAfter: end,
      body: BreakGlassGrant.body(resource, measurement: measurement, hostData: hostData, reason: reason))
    try Console.writeFile(out, try ReferenceOptions.encode(statement), replacing: true)
    Console.note("\(out): ends at \(end.rfc3339), to be signed by those who may break the glass, then submitted")
    return .ok
  }

  /// As given, or as the refusal of a pod says.
  private static func measured(
    _ arguments: Arguments, _ connection: BrokerConnection
  ) async throws(Failure) -> (measurement: [UInt8], hostData: [UInt8]?) {
    guard let id = arguments.value("--decision") else {
      let hex = try arguments.required("--measurement")
      guard let measurement = try? Hex.decode(hex, "hex"), measurement.count == 48 else {
        throw Failure(.usage, "--measurement takes 48 bytes in hexadecimal")
      }
      let hostData = arguments.value("--host-data").map { try? Hex.decode($0, "hex") }
      if let hostData, hostData.map({ $0.count != 32 && $0.count != 48 }) ?? true {
        throw Failure(.usage, "--host-data takes 32 bytes in hexadecimal, or 48 for TDX")
      }
      return (measurement, hostData ?? nil)
    }
    guard arguments.value("--measurement") == nil, arguments.value("--host-data") == nil else {
      throw Failure(.usage, "--decision already says --measurement and --host-data")
    }
    guard !id.isEmpty, id.utf8.allSatisfy({ BrokerID.isCharacter($0) }) else {
      throw Failure(.usage, "\(id): not a decision's id")
    }
    let leaf = try await connection.get("/v1/decisions/\(id)")["leaf"]
    guard let measure = leaf?["measure"], let found = Self.values(of: measure) else {
      throw Failure(.refused, "decision \(id) is about no genuine pod, so it names no measurement")
    }
    return found
  }

  private static func values(of measure: JSONValue) -> (measurement: [UInt8], hostData: [UInt8]?)? {
    func bytes(_ name: String) -> [UInt8]? { measure[name]?.stringValue.flatMap { try? Hex.decode($0, "hex") } }
    if let launch = bytes("measurement") { return (launch, bytes("host_data")) }
    let registers = (0..<4).compactMap { bytes("rtmr\($0)") }
    guard let mrTD = bytes("mrtd"), registers.count == 4 else { return nil }
    return (BreakGlassGrant.tdxMeasurement(mrTD: mrTD, rtmr: registers), bytes("mrconfigid"))
  }
}
