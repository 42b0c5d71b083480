/// A JSON text and where its values lie in it, in document order: a key stands before its value, an object or array before
/// what it holds.
///
/// One allocation for all values, where a tree of `JSONValue` has one for each list and each long text.
final class JSONOutline: Sendable {
  let input: [UInt8]
  let marks: [JSONMark]
  /// Of strings that are written with escapes, or hold more than ASCII.
  let texts: [String]

  init(_ input: [UInt8], _ marks: [JSONMark], _ texts: [String]) {
    self.input = input
    self.marks = marks
    self.texts = texts
  }

  /// The whole document.
  var value: JSONValue {
    var place = 0
    return value(at: &place)
  }

  /// The place of an object's member of that name.
  func place(of name: String, in object: Int) -> Int? {
    guard marks[object].kind == .object else { return nil }
    var key = object + 1
    while key < marks[object].link {
      if isNamed(key, name) { return key + 1 }
      key = marks[key + 1].next(after: key + 1)
    }
    return nil
  }

  /// Whether the key at a place is that name, byte for byte.
  func isNamed(_ key: Int, _ name: String) -> Bool {
    let mark = marks[key]
    guard mark.kind == .plain else { return JSONObject.same(mark.text(input, texts), name) }
    guard name.utf8.count == mark.range.count else { return false }
    var index = Int(mark.start)
    for byte in name.utf8 {
      guard input[index] == byte else { return false }
      index += 1
    }
    return true
  }

  /// - Parameter place: moves behind the value.
  private func value(at place: inout Int) -> JSONValue {
    let mark = marks[place]
    place += 1
    switch mark.kind {
    case .null: return .null
    case .true: return .bool(true)
    case .false: return .bool(false)
    case .number: return .number(JSONNumber(text: mark.text(input, texts)))
    case .plain, .text: return .string(mark.text(input, texts))
    case .array:
      var items: [JSONValue] = []
      items.reserveCapacity(mark.holds(from: place))
      while place < mark.link { items.append(value(at: &place)) }
      return .array(items)
    case .object:
      var members: [(key: String, value: JSONValue)] = []
      members.reserveCapacity(mark.holds(from: place) / 2)
      while place < mark.link {
        let key = marks[place].text(input, texts)
        place += 1
        members.append((key: key, value: value(at: &place)))
      }
      return .object(JSONObject(unique: members))
    }
  }
}

/// Where a value or a key lies.
struct JSONMark: Sendable {
  enum Kind: UInt8 {
    case null, `true`, `false`, number, array, object
    /// A string of ASCII without escapes: what is written is what is meant.
    case plain
    case text
  }

  static let limitBytes = Int(UInt32.max)

  let kind: Kind
  /// The first byte; of a string the one behind its quotation mark.
  let start: UInt32
  /// Behind the last byte; of a string its closing quotation mark.
  var end: UInt32
  /// Of an object or array: the place behind all that it holds. Of a string with a text of its own: which.
  var link: UInt32

  init(_ kind: Kind, _ start: Int, _ end: Int, link: Int = 0) {
    self.kind = kind
    self.start = UInt32(start)
    self.end = UInt32(end)
    self.link = UInt32(link)
  }

  var range: Range<Int> { Int(start)..<Int(end) }

  /// The place behind this value, which is at `place`.
  func next(after place: Int) -> Int { kind == .object || kind == .array ? Int(link) : place + 1 }

  /// Values below an object or array, but no more than a list commonly has: room to begin with.
  func holds(from place: Int) -> Int { min(Int(link) - place, 32) }

  /// What a string means; a number as written.
  func text(_ input: [UInt8], _ texts: [String]) -> String {
    kind == .text ? texts[Int(link)] : String(decoding: input[range], as: UTF8.self)
  }

  func isSameText(as other: JSONMark, _ input: [UInt8], _ texts: [String]) -> Bool {
    guard kind == .plain, other.kind == .plain else { return text(input, texts) == other.text(input, texts) }
    return end - start == other.end - other.start && input[range].elementsEqual(input[other.range])
  }
}
