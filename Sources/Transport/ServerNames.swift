/// The names by which a server lets itself be called; a request for any other is answered with 421.
struct ServerNames: Sendable {
  private let names: Set<String>
  /// Parents of one-label wildcards, with their leading dot.
  private let wildcards: [String]

  /// - Parameter names: host names or IP literals without brackets; "*.example.org" covers one label.
  init(_ names: [String]) {
    let lower = names.map { $0.lowercased() }
    self.names = Set(lower.filter { !$0.hasPrefix("*.") })
    wildcards = lower.filter { $0.hasPrefix("*.") }.map { String($0.dropFirst()) }
  }

  /// Whether `host`, written lower-case, is one of the names.
  func contain(_ host: String) -> Bool {
    if names.contains(host) { return true }
    guard let dot = host.firstIndex(of: "."), dot != host.startIndex else { return false }
    return wildcards.contains(String(host[dot...]))
  }

  /// The host of `host [":" port]`, lower-case, without brackets. Spec: RFC 9110 7.2, RFC 3986 3.2.2.
  static func host(of authority: String) throws(HTTPFailure) -> String {
    let text = Array(authority.utf8)
    let host: ArraySlice<UInt8>
    let rest: ArraySlice<UInt8>
    if text.first == UInt8(ascii: "[") {
      guard let close = text.firstIndex(of: UInt8(ascii: "]")) else { throw .hostMalformed }
      host = text[1..<close]
      rest = text[(close + 1)...]
      guard host.count >= 2, host.allSatisfy(isAddressCharacter) else { throw .hostMalformed }
    } else {
      let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
      host = text[..<colon]
      rest = text[colon...]
      guard (1...253).contains(host.count), host.allSatisfy(isNameCharacter) else { throw .hostMalformed }
    }
    guard rest.isEmpty || isPort(rest) else { throw .hostMalformed }
    return String(decoding: host, as: UTF8.self).lowercased()
  }

  private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.first == UInt8(ascii: ":"), (2...6).contains(text.count) else { return false }
    let digits = text.dropFirst()
    guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 65535
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
    default: false
    }
  }

  private static func isAddressCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66, UInt8(ascii: ":"), UInt8(ascii: "."): true
    default: false
    }
  }
}
