/// A JSON document as written: members in document order, numbers as text. Parsed, unverified.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  package static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }
  package static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members)) }
  package static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }

  /// The member of that name, when this is an object that has it.
  package subscript(_ key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  package var stringValue: String? { if case .string(let text) = self { text } else { nil } }
  package var arrayValue: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
  package var objectValue: JSONObject? { if case .object(let object) = self { object } else { nil } }
  package var boolValue: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  package var isNull: Bool { self == .null }

  /// The number, when it is an integer that fits `T`.
  package func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
    if case .number(let number) = self { number.integer(type) } else { nil }
  }
}

/// A JSON number kept as its text, so that no digit is lost on the way.
package struct JSONNumber: Equatable, Sendable {
  package let text: String

  /// - Precondition: `text` is a JSON number; only the parser calls this.
  init(text: String) { self.text = text }
  package init(_ value: some BinaryInteger) { text = String(value) }

  /// The value, when written as an integer (no fraction, no exponent) that fits `T`.
  package func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? { text == "-0" ? nil : T(text) }

  /// The same of a number as it is written, without a text of its own.
  static func integer<T: FixedWidthInteger>(in digits: ArraySlice<UInt8>) -> T? {
    guard digits.first != UInt8(ascii: "-") else {
      return JSONNumber(text: String(decoding: digits, as: UTF8.self)).integer(T.self)
    }
    var value: T = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      let (tenfold, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeNow) = tenfold.addingReportingOverflow(T(digit - 0x30))
      guard !isTooLarge, !isTooLargeNow else { return nil }
      value = sum
    }
    return value
  }
}

/// The members of a JSON object in document order, each key once.
package struct JSONObject: Equatable, Sendable {
  package private(set) var members: [(key: String, value: JSONValue)]

  package init(_ members: [(String, JSONValue)] = []) { self.members = members.map { (key: $0.0, value: $0.1) } }
  init(unique members: [(key: String, value: JSONValue)]) { self.members = members }

  package var keys: [String] { members.map(\.key) }

  package subscript(_ key: String) -> JSONValue? {
    get { members.first { Self.same($0.key, key) }?.value }
    set {
      let index = members.firstIndex { Self.same($0.key, key) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((key: key, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Names are compared by their bytes: Swift calls canonically equivalent strings equal, a peer's reader does not.
  static func same(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count, left == right else { return false }
    // Equal text of ASCII is equal bytes.
    return left.utf16.count == left.utf8.count || left.utf8.elementsEqual(right.utf8)
  }

  /// Where the member of that name stands.
  func position(of key: String) -> Int? { members.firstIndex { Self.same($0.key, key) } }

  /// Equal members in equal order.
  package static func == (left: Self, right: Self) -> Bool {
    left.members.count == right.members.count
      && zip(left.members, right.members).allSatisfy { $0.key == $1.key && $0.value == $1.value }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements) }
}
