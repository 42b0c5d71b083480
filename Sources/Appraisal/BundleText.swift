import Bytes

/// The forms of text in documents of ours: people sign what they read, so nothing may look like something else.
enum BundleText {
  static let nameLimitBytes = 64
  static let textLimitBytes = 200

  /// A name: letters, digits, `-`, `_` and `.`, starting with a letter or digit; at most 64 bytes.
  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= nameLimitBytes, isAlphanumeric(first) else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
  }

  /// Printable ASCII, at most 200 bytes, not empty.
  static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= textLimitBytes && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}

extension JSONReader {
  mutating func name(of key: String) throws(ParseError) -> String {
    let text = try string(key)
    guard BundleText.isName(text) else { throw ParseError(name(key), .unexpected) }
    return text
  }

  mutating func plainText(_ key: String) throws(ParseError) -> String {
    let text = try string(key)
    guard BundleText.isPlain(text) else { throw ParseError(name(key), .unexpected) }
    return text
  }

  /// The document's own mark of its kind and version.
  mutating func schema(_ wanted: String) throws(ParseError) {
    guard try string("schema") == wanted else { throw ParseError(name("schema"), .unexpected) }
  }

  /// A list that, when given, is not empty and says nothing twice: "any" is written by leaving it out.
  mutating func optionalList<T: Hashable>(
    _ key: String, limit: Int = 1024, _ item: (JSONValue) -> T?
  ) throws(ParseError) -> [T]? {
    guard let values = try optionalArray(key) else { return nil }
    guard !values.isEmpty else { throw ParseError(name(key), .missing) }
    guard values.count <= limit else { throw ParseError(name(key), .tooLong) }
    var items: [T] = []
    var seen = Set<T>()
    for value in values {
      guard let item = item(value) else { throw ParseError(name(key), .unexpected) }
      guard seen.insert(item).inserted else { throw ParseError(name(key), .duplicate) }
      items.append(item)
    }
    return items
  }

  mutating func list<T: Hashable>(
    _ key: String, limit: Int = 1024, _ item: (JSONValue) -> T?
  ) throws(ParseError) -> [T] {
    guard let items = try optionalList(key, limit: limit, item) else { throw ParseError(name(key), .missing) }
    return items
  }

  /// Hexadecimal items of one of these lengths in bytes; all zeros stand for "none" in hardware and match nothing.
  static func hexItem(_ counts: Int...) -> (JSONValue) -> [UInt8]? {
    { value in
      guard let text = value.stringValue, let bytes = try? Hex.decode(text, "hex"), counts.contains(bytes.count),
        bytes.contains(where: { $0 != 0 })
      else { return nil }
      return bytes
    }
  }
}
