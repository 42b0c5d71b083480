/// One value of a JSON text, where it lies. Parsed, unverified.
package struct JSONElement: Sendable {
  let outline: JSONOutline
  let place: Int

  init(_ outline: JSONOutline, _ place: Int) {
    self.outline = outline
    self.place = place
  }

  private var mark: JSONMark { outline.marks[place] }

  package var isObject: Bool { mark.kind == .object }
  package var isArray: Bool { mark.kind == .array }
  package var isNumber: Bool { mark.kind == .number }

  /// As written; of a string what stands between its quotation marks.
  package var bytes: ArraySlice<UInt8> { outline.input[mark.range] }

  package var stringValue: String? {
    mark.kind == .plain || mark.kind == .text ? mark.text(outline.input, outline.texts) : nil
  }

  /// The bytes of a string of ASCII without escapes.
  package var plainBytes: ArraySlice<UInt8>? { mark.kind == .plain ? bytes : nil }

  /// The number, when it is an integer that fits `T`.
  package func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
    isNumber ? JSONNumber.integer(in: bytes) : nil
  }

  /// The member of that name, when this is an object whose member is an integer that fits `T`.
  package func integer<T: FixedWidthInteger>(_ name: String, as type: T.Type = T.self) -> T? {
    outline.place(of: name, in: place).flatMap { JSONElement(outline, $0).integer(type) }
  }

  /// What an array holds, or the values of an object; of anything else nothing.
  package var items: JSONItems { JSONItems(outline, place) }

  /// The member of that name, when this is an object that has it.
  package subscript(_ name: String) -> JSONElement? {
    outline.place(of: name, in: place).map { JSONElement(outline, $0) }
  }
}

/// The values in an object or array, one after the other.
package struct JSONItems: Sequence, IteratorProtocol {
  private let outline: JSONOutline
  private let hasNames: Bool
  private let end: Int
  private var key = 0
  private var place: Int

  init(_ outline: JSONOutline, _ container: Int) {
    self.outline = outline
    let mark = outline.marks[container]
    hasNames = mark.kind == .object
    place = container + 1
    end = hasNames || mark.kind == .array ? Int(mark.link) : place
  }

  package mutating func next() -> JSONElement? {
    guard place < end else { return nil }
    if hasNames {
      key = place
      place += 1
    }
    defer { place = outline.marks[place].next(after: place) }
    return JSONElement(outline, place)
  }

  /// The name of the member that came last.
  package var name: JSONElement { JSONElement(outline, key) }
}
