/// Writes JSON in one form only. Spec: RFC 8785 (JCS) for documents of strings, integers, Booleans, null, arrays and
/// objects, which is every document of ours; a number with a fraction or an exponent is written as it was read.
package enum CanonicalJSON {
  package static func encode(_ value: JSONValue) -> [UInt8] {
    var output: [UInt8] = []
    append(value, to: &output, sorted: true)
    return output
  }

  package static func text(_ value: JSONValue) -> String { String(decoding: encode(value), as: UTF8.self) }

  /// Compact, members in the order given: for documents whose member order is part of a protocol.
  package static func encodeInOrder(_ value: JSONValue) -> [UInt8] {
    var output: [UInt8] = []
    append(value, to: &output, sorted: false)
    return output
  }

  /// Two spaces of indentation, members in the order given: for people.
  package static func pretty(_ value: JSONValue) -> String {
    var output: [UInt8] = []
    appendPretty(value, to: &output, indent: 0)
    return String(decoding: output, as: UTF8.self) + "\n"
  }

  private static func append(_ value: JSONValue, to output: inout [UInt8], sorted: Bool) {
    switch value {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let flag): output.append(contentsOf: (flag ? "true" : "false").utf8)
    case .number(let number): output.append(contentsOf: number.text.utf8)
    case .string(let text): append(text, to: &output)
    case .array(let items):
      output.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        append(item, to: &output, sorted: sorted)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      let members = sorted ? object.members.sorted { precedes($0.key, $1.key) } : object.members
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        append(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        append(member.value, to: &output, sorted: sorted)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  /// RFC 8785 §3.2.3: by UTF-16 code units.
  private static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf16.lexicographicallyPrecedes(right.utf16)
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)

  /// RFC 8785 §3.2.2.2: only what must be escaped is; `/` and non-ASCII stay as they are.
  private static func append(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
      case 0x08: output.append(contentsOf: "\\b".utf8)
      case 0x09: output.append(contentsOf: "\\t".utf8)
      case 0x0A: output.append(contentsOf: "\\n".utf8)
      case 0x0C: output.append(contentsOf: "\\f".utf8)
      case 0x0D: output.append(contentsOf: "\\r".utf8)
      case 0..<0x20:
        output.append(contentsOf: "\\u00".utf8)
        output.append(hexDigits[Int(byte >> 4)])
        output.append(hexDigits[Int(byte & 15)])
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func appendPretty(_ value: JSONValue, to output: inout [UInt8], indent: Int) {
    func newline(_ depth: Int) {
      output.append(0x0A)
      output.append(contentsOf: repeatElement(0x20, count: depth * 2))
    }
    switch value {
    case .array(let items) where !items.isEmpty:
      output.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newline(indent + 1)
        appendPretty(item, to: &output, indent: indent + 1)
      }
      newline(indent)
      output.append(UInt8(ascii: "]"))
    case .object(let object) where !object.members.isEmpty:
      output.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newline(indent + 1)
        append(member.key, to: &output)
        output.append(contentsOf: ": ".utf8)
        appendPretty(member.value, to: &output, indent: indent + 1)
      }
      newline(indent)
      output.append(UInt8(ascii: "}"))
    default: append(value, to: &output, sorted: false)
    }
  }
}
