import Bytes

/// The keys `version` and `algorithm` at the top of an init-data document.
///
/// Not a reader of TOML: only lines `key = "text"` (or with single quotes), comments and empty lines may stand before the
/// first table, those two keys, each once. Whatever else TOML allows there is refused, so that no other reader sees another algorithm.
struct InitDataHeader: Equatable {
  let version: String
  let algorithm: String

  init(parsing text: [UInt8]) throws(KBSProtocolError) {
    var found: [String: String] = [:]
    for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
      let trimmed = Self.trim(line)
      guard let first = trimmed.first, first != UInt8(ascii: "#") else { continue }
      if first == UInt8(ascii: "[") { break }
      let (key, value) = try Self.assignment(trimmed)
      guard key == "version" || key == "algorithm" else { throw Self.error(.unknownField) }
      guard found.updateValue(value, forKey: key) == nil else { throw Self.error(.duplicate) }
    }
    guard let version = found["version"], let algorithm = found["algorithm"] else { throw Self.error(.missing) }
    (self.version, self.algorithm) = (version, algorithm)
  }

  private static func error(_ reason: ParseError.Reason) -> KBSProtocolError {
    .malformed(ParseError("init-data", reason))
  }

  private static func assignment(_ line: ArraySlice<UInt8>) throws(KBSProtocolError) -> (String, String) {
    guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { throw error(.unexpected) }
    let key = trim(line[..<equals])
    let value = trim(line[line.index(after: equals)...])
    guard let quote = value.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
      throw error(.unexpected)
    }
    let rest = value.dropFirst()
    guard let end = rest.firstIndex(of: quote) else { throw error(.truncated) }
    let after = trim(rest[rest.index(after: end)...])
    guard after.isEmpty || after.first == UInt8(ascii: "#") else { throw error(.unexpected) }
    return (String(decoding: key, as: UTF8.self), String(decoding: rest[..<end], as: UTF8.self))
  }

  private static func trim(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    guard let start = bytes.firstIndex(where: { !isSpace($0) }) else { return [] }
    let end = bytes.lastIndex { !isSpace($0) } ?? start
    return bytes[start...end]
  }
}
