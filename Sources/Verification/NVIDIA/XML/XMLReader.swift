import Bytes

/// Reads a document of elements, attributes and text, and nothing else that XML knows.
///
/// Written by hand because canonical bytes must be exact and no permitted library has a canonical form; everything that
/// would need more of one is refused, which can only refuse a signature: declarations, instructions, comments, CDATA,
/// references, single quotes, tabs, carriage returns, and bytes that are not ASCII. Spec: XML 1.0, Namespaces in XML 1.0.
struct XMLReader {
  static let limitBytes = 1 << 20
  private static let depthLimit = 16
  private static let attributeLimit = 64
  private static let elementLimit = 4096

  private let bytes: [UInt8]
  private var at = 0
  private var elementCount = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The one element of the document. White space may follow it.
  /// - Throws: `ParseError` with the offset of what is not permitted.
  static func parse(_ bytes: [UInt8]) throws(ParseError) -> XMLElement {
    guard bytes.count <= limitBytes else { throw ParseError("xml", .tooLong) }
    if let offset = bytes.firstIndex(where: { $0 != 0x0A && !(0x20...0x7E).contains($0) }) {
      throw ParseError("xml.character", .unexpected, at: offset)
    }
    var reader = XMLReader(bytes)
    try reader.expect("<", "xml.root")
    let root = try reader.element(scope: [:], depth: 1)
    reader.skipSpace()
    guard reader.at == bytes.count else { throw ParseError("xml", .trailing, at: reader.at) }
    return root
  }

  // MARK: elements

  /// Behind `<`.
  private mutating func element(scope: [String: String], depth: Int) throws(ParseError) -> XMLElement {
    guard depth <= Self.depthLimit else { throw ParseError("xml.element", .tooDeep, at: at) }
    elementCount += 1
    guard elementCount <= Self.elementLimit else { throw ParseError("xml.element", .tooLong, at: at) }
    let start = at
    let written = try name("xml.element")
    let (raw, isEmpty) = try rawAttributes()
    let declarations = try Self.declarations(raw, at: start)
    let inner = scope.merging(declarations) { _, new in new }
    let name = try Self.resolve(written, inner, isAttribute: false, at: start)
    let attributes = try Self.attributes(raw, inner, at: start)
    let children = isEmpty ? [] : try content(of: written, scope: inner, depth: depth)
    return XMLElement(name: name, attributes: attributes, declarations: declarations, children: children)
  }

  /// Up to and with the end tag.
  private mutating func content(
    of parent: WrittenName, scope: [String: String], depth: Int
  ) throws(ParseError) -> [XMLElement.Node] {
    var children: [XMLElement.Node] = []
    while true {
      let text = try text()
      if !text.isEmpty { children.append(.text(text)) }
      try expect("<", "xml.content")
      guard next == UInt8(ascii: "/") else {
        children.append(.element(try element(scope: scope, depth: depth + 1)))
        continue
      }
      at += 1
      let start = at
      guard try name("xml.endTag") == parent else { throw ParseError("xml.endTag", .unexpected, at: start) }
      skipSpace()
      try expect(">", "xml.endTag")
      return children
    }
  }

  private mutating func text() throws(ParseError) -> [UInt8] {
    let start = at
    while let byte = next, byte != UInt8(ascii: "<") {
      guard byte != UInt8(ascii: "&"), byte != UInt8(ascii: ">") else {
        throw ParseError("xml.text", .unexpected, at: at)
      }
      at += 1
    }
    return Array(bytes[start..<at])
  }

  // MARK: attributes

  private typealias RawAttribute = (name: WrittenName, value: String)

  /// Up to and with `>` or `/>`.
  private mutating func rawAttributes() throws(ParseError) -> (attributes: [RawAttribute], isEmpty: Bool) {
    var attributes: [RawAttribute] = []
    while true {
      let hadSpace = skipSpace()
      guard let byte = next else { throw ParseError("xml.tag", .truncated, at: at) }
      if byte == UInt8(ascii: ">") {
        at += 1
        return (attributes, false)
      }
      if byte == UInt8(ascii: "/") {
        at += 1
        try expect(">", "xml.tag")
        return (attributes, true)
      }
      guard hadSpace else { throw ParseError("xml.tag", .unexpected, at: at) }
      guard attributes.count < Self.attributeLimit else { throw ParseError("xml.attribute", .tooLong, at: at) }
      attributes.append((name: try name("xml.attribute"), value: try attributeValue()))
    }
  }

  private mutating func attributeValue() throws(ParseError) -> String {
    try expect("=", "xml.attribute")
    try expect("\"", "xml.attribute")
    let start = at
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte != UInt8(ascii: "<"), byte != UInt8(ascii: ">"), byte != UInt8(ascii: "&"), byte != 0x0A else {
        throw ParseError("xml.attribute", .unexpected, at: at)
      }
      at += 1
    }
    let value = String(decoding: bytes[start..<at], as: UTF8.self)
    try expect("\"", "xml.attribute")
    return value
  }

  private static func declarations(_ raw: [RawAttribute], at offset: Int) throws(ParseError) -> [String: String] {
    var declarations: [String: String] = [:]
    for attribute in raw {
      guard let prefix = attribute.name.declaredPrefix else { continue }
      guard !attribute.value.isEmpty, prefix != "xml", prefix != "xmlns" else {
        throw ParseError("xml.namespace", .unexpected, at: offset)
      }
      guard declarations.updateValue(attribute.value, forKey: prefix) == nil else {
        throw ParseError("xml.namespace", .duplicate, at: offset)
      }
    }
    return declarations
  }

  private static func attributes(
    _ raw: [RawAttribute], _ scope: [String: String], at offset: Int
  ) throws(ParseError) -> [XMLAttribute] {
    var attributes: [XMLAttribute] = []
    for attribute in raw where attribute.name.declaredPrefix == nil {
      let name = try resolve(attribute.name, scope, isAttribute: true, at: offset)
      guard !attributes.contains(where: { $0.name.isCalled(name.local, in: name.namespace) }) else {
        throw ParseError("xml.attribute", .duplicate, at: offset)
      }
      attributes.append(XMLAttribute(name: name, value: attribute.value))
    }
    return attributes
  }

  // MARK: names

  private struct WrittenName: Equatable {
    let prefix: String
    let local: String

    /// The prefix that an attribute of this name declares; empty for the default namespace.
    var declaredPrefix: String? {
      if prefix == "xmlns" { return local }
      return prefix.isEmpty && local == "xmlns" ? "" : nil
    }
  }

  private mutating func name(_ field: StaticString) throws(ParseError) -> WrittenName {
    let first = try namePart(field)
    guard next == UInt8(ascii: ":") else { return WrittenName(prefix: "", local: first) }
    at += 1
    return WrittenName(prefix: first, local: try namePart(field))
  }

  private mutating func namePart(_ field: StaticString) throws(ParseError) -> String {
    let start = at
    while let byte = next, Self.isNameCharacter(byte, isFirst: at == start) { at += 1 }
    guard at > start else { throw ParseError(field, .unexpected, at: at) }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  private static func isNameCharacter(_ byte: UInt8, isFirst: Bool) -> Bool {
    switch byte {
    case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
    case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "."): !isFirst
    default: false
    }
  }

  private static func resolve(
    _ name: WrittenName, _ scope: [String: String], isAttribute: Bool, at offset: Int
  ) throws(ParseError) -> XMLName {
    if name.prefix.isEmpty {
      return XMLName(prefix: "", local: name.local, namespace: isAttribute ? "" : scope[""] ?? "")
    }
    guard let namespace = scope[name.prefix] else { throw ParseError("xml.prefix", .missing, at: offset) }
    return XMLName(prefix: name.prefix, local: name.local, namespace: namespace)
  }

  // MARK: bytes

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func expect(_ character: Unicode.Scalar, _ field: StaticString) throws(ParseError) {
    guard let byte = next else { throw ParseError(field, .truncated, at: at) }
    guard byte == UInt8(ascii: character) else { throw ParseError(field, .unexpected, at: at) }
    at += 1
  }

  @discardableResult
  private mutating func skipSpace() -> Bool {
    let start = at
    while let byte = next, byte == 0x20 || byte == 0x0A { at += 1 }
    return at > start
  }
}
