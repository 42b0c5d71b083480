/// Typed reading of one JSON object: each member is asked for by name, and what nobody asked for is found at the end.
///
/// `finish()` refuses unknown members (our own documents); `unreadMembers` lists them (vendor documents, where they are
/// ignored and recorded).
package struct JSONReader {
  package let object: JSONObject
  package let path: String
  /// Which members were asked for, by their place: one bit each, and the places beyond.
  private var read: UInt64 = 0
  private var readBeyond = Set<Int>()

  package init(_ value: JSONValue, _ path: String) throws(ParseError) {
    guard case .object(let object) = value else { throw ParseError(path, .wrongType) }
    self.object = object
    self.path = path
  }

  package func has(_ key: String) -> Bool { object[key] != nil }

  /// The member, or `nil` when absent; `null` is a value like any other.
  package mutating func optionalValue(_ key: String) -> JSONValue? {
    guard let place = object.position(of: key) else { return nil }
    if place < UInt64.bitWidth { read |= 1 << UInt64(place) } else { readBeyond.insert(place) }
    return object.members[place].value
  }

  package mutating func value(_ key: String) throws(ParseError) -> JSONValue {
    guard let value = optionalValue(key) else { throw ParseError(name(key), .missing) }
    return value
  }

  package mutating func string(_ key: String) throws(ParseError) -> String {
    guard let text = try value(key).stringValue else { throw ParseError(name(key), .wrongType) }
    return text
  }

  package mutating func optionalString(_ key: String) throws(ParseError) -> String? {
    try has(key) ? string(key) : nil
  }

  package mutating func bool(_ key: String) throws(ParseError) -> Bool {
    guard let flag = try value(key).boolValue else { throw ParseError(name(key), .wrongType) }
    return flag
  }

  package mutating func optionalBool(_ key: String) throws(ParseError) -> Bool? {
    try has(key) ? bool(key) : nil
  }

  package mutating func integer<T: FixedWidthInteger>(_ key: String, as type: T.Type = T.self) throws(ParseError) -> T {
    let value = try value(key)
    guard case .number = value else { throw ParseError(name(key), .wrongType) }
    guard let integer = value.integer(type) else { throw ParseError(name(key), .outOfRange) }
    return integer
  }

  package mutating func optionalInteger<T: FixedWidthInteger>(
    _ key: String, as type: T.Type = T.self
  ) throws(ParseError) -> T? {
    try has(key) ? integer(key, as: type) : nil
  }

  package mutating func array(_ key: String) throws(ParseError) -> [JSONValue] {
    guard let items = try value(key).arrayValue else { throw ParseError(name(key), .wrongType) }
    return items
  }

  package mutating func optionalArray(_ key: String) throws(ParseError) -> [JSONValue]? {
    try has(key) ? array(key) : nil
  }

  package mutating func strings(_ key: String) throws(ParseError) -> [String] {
    var texts: [String] = []
    for item in try array(key) {
      guard let text = item.stringValue else { throw ParseError(name(key), .wrongType) }
      texts.append(text)
    }
    return texts
  }

  package mutating func object(_ key: String) throws(ParseError) -> JSONReader {
    try JSONReader(try value(key), name(key))
  }

  package mutating func optionalObject(_ key: String) throws(ParseError) -> JSONReader? {
    try has(key) ? object(key) : nil
  }

  /// Hexadecimal text of exactly `count` bytes (any length when `nil`).
  package mutating func hex(_ key: String, count: Int? = nil) throws(ParseError) -> [UInt8] {
    let text = try string(key)
    guard let bytes = try? Hex.decode(text, "hex") else { throw ParseError(name(key), .unexpected) }
    guard count == nil || bytes.count == count else { throw ParseError(name(key), .outOfRange) }
    return bytes
  }

  package mutating func timestamp(_ key: String) throws(ParseError) -> Timestamp {
    guard let time = try? Timestamp(rfc3339: try string(key)) else { throw ParseError(name(key), .unexpected) }
    return time
  }

  /// Members nobody asked for, in document order.
  package var unreadMembers: [String] {
    object.members.indices.filter { !isRead($0) }.map { object.members[$0].key }
  }

  private func isRead(_ place: Int) -> Bool {
    place < UInt64.bitWidth ? read >> UInt64(place) & 1 == 1 : readBeyond.contains(place)
  }

  /// Refuses unknown members. The name shown is the peer's: only use this on our own documents' errors.
  package func finish() throws(ParseError) {
    guard let unknown = unreadMembers.first else { return }
    throw ParseError(name(unknown), .unknownField)
  }

  package func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
