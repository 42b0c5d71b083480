/// A request target in origin form, percent-decoded once. Unverified.
///
/// Shape: "/" segment *("/" segment) [ "?" query ] of the characters of RFC 3986 3.3 and 3.4. Refused besides: empty
/// segments within the path, "." and ".." segments, encoded NUL, slash, backslash or control characters, text that is
/// not UTF-8, fragments.
package struct HTTPTarget: Sendable, Equatable {
  package let path: String
  package let segments: [String]
  package let query: [Parameter]

  package struct Parameter: Sendable, Equatable {
    package let name: String
    package let value: String
  }

  package init(parsing text: ArraySlice<UInt8>) throws(HTTPFailure) {
    let mark = text.firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
    let raw = text[..<mark]
    guard raw.first == UInt8(ascii: "/") else { throw .targetMalformed }
    var segments: [String] = []
    if raw.count > 1 {
      let parts = raw.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      for (index, part) in parts.enumerated() {
        guard !part.isEmpty || index == parts.count - 1 else { throw .targetMalformed }
        let segment = try Self.decode(part, also: [])
        guard segment != ".", segment != ".." else { throw .targetMalformed }
        segments.append(segment)
      }
    }
    self.segments = segments
    path = "/" + segments.joined(separator: "/")
    query = mark < text.endIndex ? try Self.parameters(text[(mark + 1)...]) : []
  }

  private static func parameters(_ text: ArraySlice<UInt8>) throws(HTTPFailure) -> [Parameter] {
    var found: [Parameter] = []
    for part in text.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
      let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      let value = equals < part.endIndex ? part[(equals + 1)...] : []
      found.append(
        Parameter(
          name: try decode(part[..<equals], also: Self.queryOnly), value: try decode(value, also: Self.queryOnly))
      )
    }
    return found
  }

  private static let queryOnly: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "?")]

  /// Decodes one component; `also` are characters it may hold raw besides those of a path segment.
  private static func decode(_ text: ArraySlice<UInt8>, also: [UInt8]) throws(HTTPFailure) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      if byte == UInt8(ascii: "%") {
        guard text.endIndex - index > 2, let high = hexadecimal(text[index + 1]), let low = hexadecimal(text[index + 2])
        else { throw .targetMalformed }
        bytes.append(try allowed(high << 4 | low))
        index += 3
      } else {
        guard isPathCharacter(byte) || also.contains(byte) else { throw .targetMalformed }
        bytes.append(byte)
        index += 1
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .targetMalformed }
    return decoded
  }

  /// A byte that was written as %XX: never one that could be taken for structure by whoever reads it next.
  private static func allowed(_ byte: UInt8) throws(HTTPFailure) -> UInt8 {
    guard byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "/"), byte != UInt8(ascii: "\\") else {
      throw .targetMalformed
    }
    return byte
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// pchar of RFC 3986 without the percent sign.
  private static func isPathCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
    case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
      UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
      true
    default: false
    }
  }
}
