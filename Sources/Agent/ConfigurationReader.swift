import Bytes
import Terminal

/// One object of the configuration. Every member is asked for once; one that nobody knows is refused with the nearest
/// known name, because an operator's slip must not switch a check off.
struct ConfigurationReader {
  private var reader: JSONReader
  private var known: [String] = []

  init(_ value: JSONValue, _ path: String) throws(AgentError) {
    do throws(ParseError) { reader = try JSONReader(value, path) } catch { throw Self.failure(error) }
  }

  private init(_ reader: JSONReader) { self.reader = reader }

  mutating func has(_ key: String) -> Bool {
    known.append(key)
    return reader.has(key)
  }

  mutating func section(_ key: String) throws(AgentError) -> ConfigurationReader {
    ConfigurationReader(try read(key) { reader throws(ParseError) in try reader.object(key) })
  }

  mutating func optionalSection(_ key: String) throws(AgentError) -> ConfigurationReader? {
    try read(key) { reader throws(ParseError) in try reader.optionalObject(key) }.map(ConfigurationReader.init)
  }

  /// An array of objects; none when it is absent.
  mutating func sections(_ key: String) throws(AgentError) -> [ConfigurationReader] {
    let items = try read(key) { reader throws(ParseError) in try reader.optionalArray(key) } ?? []
    return try items.enumerated().map { index, item throws(AgentError) in
      try ConfigurationReader(item, "\(name(key))[\(index)]")
    }
  }

  mutating func string(_ key: String) throws(AgentError) -> String {
    try read(key) { reader throws(ParseError) in try reader.string(key) }
  }

  mutating func optionalString(_ key: String) throws(AgentError) -> String? {
    try read(key) { reader throws(ParseError) in try reader.optionalString(key) }
  }

  mutating func flag(_ key: String) throws(AgentError) -> Bool {
    try read(key) { reader throws(ParseError) in try reader.optionalBool(key) } ?? false
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>, otherwise: Int) throws(AgentError) -> Int {
    guard let value = try read(key, { reader throws(ParseError) in try reader.optionalInteger(key, as: Int.self) })
    else {
      return otherwise
    }
    guard range.contains(value) else {
      throw .configuration("\(name(key)): from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  mutating func strings(_ key: String) throws(AgentError) -> [String] {
    guard reader.has(key) else {
      known.append(key)
      return []
    }
    return try read(key) { reader throws(ParseError) in try reader.strings(key) }
  }

  /// An object of texts.
  mutating func texts(_ key: String) throws(AgentError) -> [String: String] {
    guard let section = try read(key, { reader throws(ParseError) in try reader.optionalObject(key) }) else {
      return [:]
    }
    var texts: [String: String] = [:]
    for member in section.object.members {
      guard let text = member.value.stringValue else { throw .configuration("\(name(key)): values are texts") }
      texts[member.key] = text
    }
    return texts
  }

  /// - Throws: when a member is left that nobody asked for.
  func finish() throws(AgentError) {
    guard let unknown = reader.unreadMembers.first(where: { !known.contains($0) }) else { return }
    let near = Nearest.name(to: unknown, among: known).map { "; did you mean \($0)?" } ?? ""
    throw .configuration("unknown member \(name(BootTimeline.printable(unknown)))\(near)")
  }

  func name(_ key: String) -> String { reader.name(key) }

  private mutating func read<T>(
    _ key: String, _ body: (inout JSONReader) throws(ParseError) -> T
  ) throws(AgentError) -> T {
    known.append(key)
    do throws(ParseError) { return try body(&reader) } catch { throw Self.failure(error) }
  }

  private static func failure(_ error: ParseError) -> AgentError { .configuration("\(error)") }
}
