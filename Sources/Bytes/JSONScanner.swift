/// The working state of `StrictJSON`: finds where each value lies, and refuses what is not JSON.
struct JSONScanner {
  private let input: [UInt8]
  private let limits: StrictJSON.Limits
  private let comments: Bool
  private var position: Int
  private var tokens = 0
  private var marks: [JSONMark] = []
  private var texts: [String] = []

  init(_ input: ArraySlice<UInt8>, limits: StrictJSON.Limits, comments: Bool) {
    self.input = Array(input)
    self.limits = limits
    self.comments = comments
    position = 0
  }

  mutating func document() throws(ParseError) -> JSONOutline {
    guard input.count < JSONMark.limitBytes else { throw error(.tooLong) }
    marks.reserveCapacity(min(input.count / 8, limits.tokens))
    try skipSpace()
    try value(depth: 0)
    try skipSpace()
    guard position == input.endIndex else { throw error(.trailing) }
    return JSONOutline(input, marks, texts)
  }

  private func error(_ reason: ParseError.Reason) -> ParseError {
    ParseError("json", reason, at: position)
  }

  private var next: UInt8? { position < input.endIndex ? input[position] : nil }

  private mutating func count() throws(ParseError) {
    tokens += 1
    guard tokens <= limits.tokens else { throw error(.tooLong) }
  }

  private mutating func value(depth: Int) throws(ParseError) {
    try count()
    switch next {
    case UInt8(ascii: "{"): try object(depth: depth)
    case UInt8(ascii: "["): try array(depth: depth)
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try literal("true", .true)
    case UInt8(ascii: "f"): try literal("false", .false)
    case UInt8(ascii: "n"): try literal("null", .null)
    case nil: throw error(.truncated)
    case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): try number()
    default: throw error(.unexpected)
    }
  }

  private mutating func object(depth: Int) throws(ParseError) {
    let place = try open(.object, depth)
    var seen = SeenKeys()
    try skipSpace()
    if try take("}") { return close(place) }
    while true {
      try skipSpace()
      try count()
      guard next == UInt8(ascii: "\"") else { throw error(next == nil ? .truncated : .unexpected) }
      let key = marks.count
      try string()
      guard seen.isNew(key, in: place, of: input, marks, texts) else { throw error(.duplicate) }
      try skipSpace()
      guard try take(":") else { throw error(.unexpected) }
      try skipSpace()
      try value(depth: depth + 1)
      try skipSpace()
      if try take("}") { return close(place) }
      guard try take(",") else { throw error(.unexpected) }
    }
  }

  private mutating func array(depth: Int) throws(ParseError) {
    let place = try open(.array, depth)
    try skipSpace()
    if try take("]") { return close(place) }
    while true {
      try skipSpace()
      try value(depth: depth + 1)
      try skipSpace()
      if try take("]") { return close(place) }
      guard try take(",") else { throw error(.unexpected) }
    }
  }

  /// Marks an object or array that begins here, and goes behind its bracket.
  private mutating func open(_ kind: JSONMark.Kind, _ depth: Int) throws(ParseError) -> Int {
    guard depth < limits.depth else { throw error(.tooDeep) }
    marks.append(JSONMark(kind, position, position))
    position += 1
    return marks.count - 1
  }

  private mutating func close(_ place: Int) {
    marks[place].end = UInt32(position)
    marks[place].link = UInt32(marks.count)
  }

  /// Consumes the character when it is next.
  private mutating func take(_ character: Unicode.Scalar) throws(ParseError) -> Bool {
    guard let byte = next else { throw error(.truncated) }
    guard byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func literal(_ word: StaticString, _ kind: JSONMark.Kind) throws(ParseError) {
    let start = position
    for byte in Array("\(word)".utf8) {
      guard let found = next else { throw error(.truncated) }
      guard found == byte else { throw error(.unexpected) }
      position += 1
    }
    marks.append(JSONMark(kind, start, position))
  }

  private mutating func number() throws(ParseError) {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    guard position - start <= 64 else { throw error(.tooLong) }
    marks.append(JSONMark(.number, start, position))
  }

  private mutating func digits() throws(ParseError) {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    guard position > start else { throw error(next == nil ? .truncated : .unexpected) }
  }

  /// Marks what stands between the quotation marks, and goes behind the second.
  private mutating func string() throws(ParseError) {
    position += 1
    let start = position
    var all: UInt8 = 0
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      guard byte >= 0x20 else { throw error(.unexpected) }
      all |= byte
      position += 1
    }
    guard let byte = next else { throw error(.truncated) }
    if byte == UInt8(ascii: "\""), all < 0x80 {
      marks.append(JSONMark(.plain, start, position))
      position += 1
      return
    }
    // The text is kept where it is not what is written.
    texts.append(try escapedString(from: start))
    marks.append(JSONMark(.text, start, position - 1, link: texts.count - 1))
  }

  private mutating func escapedString(from start: Int) throws(ParseError) -> String {
    var bytes = Array(input[start..<position])
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try utf8(bytes[...])
      case UInt8(ascii: "\\"): bytes.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw error(.unexpected)
      default: bytes.append(byte)
      }
    }
    throw error(.truncated)
  }

  private mutating func escape() throws(ParseError) -> Unicode.Scalar {
    guard let byte = next else { throw error(.truncated) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw error(.unexpected)
    }
  }

  private mutating func unicodeEscape() throws(ParseError) -> Unicode.Scalar {
    let unit = try codeUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard (0xD800..<0xDC00).contains(unit), next == UInt8(ascii: "\\") else { throw error(.notUTF8) }
    position += 1
    guard next == UInt8(ascii: "u") else { throw error(.notUTF8) }
    position += 1
    let low = try codeUnit()
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw error(.notUTF8) }
    return scalar
  }

  private mutating func codeUnit() throws(ParseError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw error(.truncated) }
      guard let digit = Hex.nibble(byte) else { throw error(.unexpected) }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private func utf8(_ bytes: ArraySlice<UInt8>) throws(ParseError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw error(.notUTF8) }
    return text
  }

  private mutating func skipSpace() throws(ParseError) {
    while let byte = next {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "/") where comments: try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(ParseError) {
    position += 1
    switch next {
    case UInt8(ascii: "/"):
      while let byte = next, byte != 0x0A { position += 1 }
    case UInt8(ascii: "*"):
      position += 1
      while let byte = next {
        position += 1
        if byte == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
          position += 1
          return
        }
      }
      throw error(.truncated)
    default: throw error(.unexpected)
    }
  }
}

/// The keys of one object so far. Swift compares strings by canonical equivalence, keys are compared as written: neither
/// may occur twice.
private struct SeenKeys {
  /// Up to so many, looking at each costs less than a table of them.
  private static let few = 12
  private var count = 0
  private var many = Set<String>()

  /// - Parameters:
  ///   - key: the place of the key's mark.
  ///   - object: the place of its object's.
  mutating func isNew(
    _ key: Int, in object: Int, of input: [UInt8], _ marks: [JSONMark], _ texts: [String]
  ) -> Bool {
    count += 1
    if count <= Self.few {
      var place = object + 1
      while place < key {
        if marks[place].isSameText(as: marks[key], input, texts) { return false }
        place = marks[place + 1].next(after: place + 1)
      }
      return true
    }
    if many.isEmpty {
      var place = object + 1
      while place < key {
        many.insert(marks[place].text(input, texts))
        place = marks[place + 1].next(after: place + 1)
      }
    }
    return many.insert(marks[key].text(input, texts)).inserted
  }
}
