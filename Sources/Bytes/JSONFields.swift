/// Typed reading of one JSON object where it lies: each member is asked for by name.
///
/// For vendors' documents, whose unknown members have no effect; `JSONReader` knows which were never asked for.
package struct JSONFields {
  package let element: JSONElement
  package let path: String

  package init(_ element: JSONElement, _ path: String) throws(ParseError) {
    guard element.isObject else { throw ParseError(path, .wrongType) }
    self.element = element
    self.path = path
  }

  package func has(_ key: String) -> Bool { element[key] != nil }

  package func value(_ key: String) throws(ParseError) -> JSONElement {
    guard let value = element[key] else { throw error(key, .missing) }
    return value
  }

  package func string(_ key: String) throws(ParseError) -> String {
    guard let text = try value(key).stringValue else { throw error(key, .wrongType) }
    return text
  }

  package func integer<T: FixedWidthInteger>(_ key: String, as type: T.Type = T.self) throws(ParseError) -> T {
    let value = try value(key)
    guard value.isNumber else { throw error(key, .wrongType) }
    guard let integer = value.integer(type) else { throw error(key, .outOfRange) }
    return integer
  }

  package func array(_ key: String) throws(ParseError) -> JSONItems {
    let value = try value(key)
    guard value.isArray else { throw error(key, .wrongType) }
    return value.items
  }

  package func strings(_ key: String) throws(ParseError) -> [String] {
    var texts: [String] = []
    for item in try array(key) {
      guard let text = item.stringValue else { throw error(key, .wrongType) }
      texts.append(text)
    }
    return texts
  }

  package func object(_ key: String) throws(ParseError) -> JSONFields { try JSONFields(try value(key), name(key)) }

  /// Hexadecimal text of exactly `count` bytes.
  package func hex(_ key: String, count: Int) throws(ParseError) -> [UInt8] {
    let text = try text(key)
    guard let bytes = try? Hex.decode(text, "hex") else { throw error(key, .unexpected) }
    guard bytes.count == count else { throw error(key, .outOfRange) }
    return bytes
  }

  package func timestamp(_ key: String) throws(ParseError) -> Timestamp {
    let text = try text(key)
    guard let time = try? Timestamp(rfc3339: text) else { throw error(key, .unexpected) }
    return time
  }

  package func name(_ key: String) -> String { "\(path).\(key)" }
  private func error(_ key: String, _ reason: ParseError.Reason) -> ParseError { ParseError(name(key), reason) }

  /// The bytes of a string's text.
  private func text(_ key: String) throws(ParseError) -> ArraySlice<UInt8> {
    let value = try value(key)
    if let plain = value.plainBytes { return plain }
    guard let text = value.stringValue else { throw error(key, .wrongType) }
    return Array(text.utf8)[...]
  }
}
