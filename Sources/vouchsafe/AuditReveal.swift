import Bytes
import KBSProtocol
import Terminal

/// `vouchsafe audit reveal`: the openings of private names, as the broker gives them to its auditor.
enum AuditReveal {
  private static let step: UInt64 = 4096

  static func run(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let out = try arguments.required("--out")
    let connection = try BrokerConnection(arguments)
    let first = UInt64(try arguments.integer("--from", in: 0...Int.max) ?? 0)
    let size = try await connection.get("/v1/status")["log"]?["size"]?.integer(UInt64.self) ?? 0
    let last = try arguments.integer("--to", in: 0...Int.max).map { UInt64($0) }
    let end = min(size, last.map { $0 + 1 } ?? size)
    var found = NameOpenings(log: "", openings: [])
    for start in stride(from: first, to: max(first, end), by: UInt64.Stride(step)) {
      let answer = try await connection.get("/v1/openings?from=\(start)&count=\(min(step, end - start))")
      do throws(ParseError) {
        let more = try NameOpenings(parsing: CanonicalJSON.encode(answer))
        found = NameOpenings(
          log: more.log, valuesSalt: more.valuesSalt, openings: found.openings + more.openings)
      } catch { throw Failure(.malformed, "the broker's openings are not in their form: \(error)") }
    }
    try Console.writeFile(out, CanonicalJSON.encode(found.json) + [0x0A], mode: 0o600, replacing: true)
    Console.note("\(out): \(found.openings.count) openings of entries \(first) to \(max(first, end))")
    return .ok
  }

  /// A file of openings, when one is named; it is believed in nothing.
  static func openings(_ arguments: Arguments) throws(Failure) -> NameOpenings? {
    guard let path = arguments.value("--openings") else { return nil }
    let bytes = try Console.readFile(path, limit: NameOpenings.limitBytes)
    do throws(ParseError) { return try NameOpenings(parsing: bytes) } catch {
      throw Failure(.malformed, "\(path): not a file of vouchsafe audit reveal: \(error)")
    }
  }
}
