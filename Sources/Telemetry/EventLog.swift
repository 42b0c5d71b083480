package import Bytes
import Glibc

/// A service's log: one JSON object a line on standard error, made only of codes and whitelisted fields.
///
/// There is no way to pass free text of a peer: values are numbers, Booleans, and strings that are cut to 256 characters
/// and JSON-escaped.
package struct EventLog: Sendable {
  package enum Level: String, Sendable { case info, warning, error }

  /// A value of a log field.
  package enum Field: Sendable {
    case code(String)
    case number(Int64)
    case flag(Bool)
  }

  private let service: String
  private let now: @Sendable () -> Timestamp

  package init(service: StaticString, now: @escaping @Sendable () -> Timestamp) {
    self.service = "\(service)"
    self.now = now
  }

  package func write(_ level: Level = .info, _ event: StaticString, _ fields: KeyValuePairs<StaticString, Field> = [:])
  {
    var members: [(String, JSONValue)] = [
      ("time", .string(now().rfc3339Milliseconds)), ("level", .string(level.rawValue)),
      ("service", .string(service)), ("event", .string("\(event)")),
    ]
    for (name, value) in fields {
      switch value {
      case .code(let text): members.append(("\(name)", .string(String(text.prefix(256)))))
      case .number(let number): members.append(("\(name)", .int(number)))
      case .flag(let flag): members.append(("\(name)", .bool(flag)))
      }
    }
    let line = CanonicalJSON.encodeInOrder(.object(members)) + [0x0A]
    _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
  }
}
