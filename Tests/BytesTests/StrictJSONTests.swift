import Bytes
import TestSupport
import Testing

struct StrictJSONTests {
  private func parse(_ text: String, limits: StrictJSON.Limits = .default) throws(ParseError) -> JSONValue {
    try StrictJSON.parse(Array(text.utf8), limits: limits)
  }

  @Test func aDocumentIsReadAsItWasWritten() throws {
    let value = try parse(" {\"b\" : [1, -2.50e+3, true, false, null, \"x\"], \"a\":{}}\r\n\t")
    #expect(CanonicalJSON.encodeInOrder(value) == Array("{\"b\":[1,-2.50e+3,true,false,null,\"x\"],\"a\":{}}".utf8))
    #expect(value["b"]?.arrayValue?.count == 6)
    #expect(value["missing"] == nil)
  }

  /// What lenient readers let through, each a way for two readers to see two documents.
  @Test(arguments: [
    "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "{\"\\u0061\":1,\"a\":2}", "{\"a\":1,}", "[1,]", "[,1]", "{,}",
    "\u{FEFF}{}", "{}{}", "{} x", "[1 2]", "{\"a\" 1}", "{\"a\":}", "{a:1}", "{'a':1}", "[01]", "[-]", "[1.]", "[.5]",
    "[+1]", "[1e]", "[1e+]", "[0x10]", "[NaN]", "[Infinity]", "[tru]", "[True]", "[nul]", "nulll", "\"a", "\"\t\"",
    "\"\\n\t\"",
    "\"\u{0}\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\uD800\"", "\"\\uDC00\"", "\"\\uD800\\u0041\"",
    "\"\\uD800x\"", "\"\\uDC00\\uD800\"", "[1]//x", "/**/[1]", "", " ", "[", "{", "{\"a\"", "{\"a\":1", "\"\\",
    "{\"\u{E9}\":1,\"e\u{301}\":2}", "{1:2}", "{\"a\":1 \"b\":2}", "[1;2]", "]", "}", "--1", "1-",
  ])
  func lenientJSONIsRefused(_ text: String) {
    #expect(throws: ParseError.self) { try parse(text) }
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22], [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0x7B, 0x00, 0x7D, 0x00],
      [0x22, 0x5C, 0x6E, 0xFF, 0x22],
    ] as [[UInt8]])
  func otherEncodingsAndBrokenUTF8AreRefused(_ bytes: [UInt8]) {
    #expect(throws: ParseError.self) { try StrictJSON.parse(bytes) }
  }

  @Test func theReasonAndPlaceOfARefusalAreTold() {
    #expect(throws: ParseError("json", .duplicate, at: 10)) { try parse("{\"a\":1,\"a\":2}") }
    #expect(throws: ParseError("json", .trailing, at: 2)) { try parse("{} ".dropLast() + "x") }
    #expect(throws: ParseError("json", .truncated, at: 0)) { try parse("") }
    #expect(throws: ParseError("json", .notUTF8, at: 7)) { try parse("\"\\uD800\"") }
  }

  @Test func escapesBecomeTheirCharacters() throws {
    #expect(try parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"") == "\"\\/\u{8}\u{C}\n\r\t\u{E9}\u{1F600}")
    #expect(try parse("\"\\u0000\"").stringValue?.utf8.count == 1)
  }

  @Test func depthIsBounded() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try parse(nested(32))
    #expect(throws: ParseError("json", .tooDeep, at: 32)) { try parse(nested(33)) }
    #expect(throws: ParseError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    let objects = String(repeating: "{\"a\":", count: 33) + "1" + String(repeating: "}", count: 33)
    #expect(throws: ParseError("json", .tooDeep, at: 160)) { try parse(objects) }
  }

  @Test func tokensAreBoundedAndKeysCount() throws {
    let limits = StrictJSON.Limits(depth: 4, tokens: 5)
    _ = try parse("[1,2,3,4]", limits: limits)
    #expect(throws: ParseError("json", .tooLong, at: 9)) { try parse("[1,2,3,4,5]", limits: limits) }
    _ = try parse("{\"a\":1,\"b\":2}", limits: limits)
    #expect(throws: ParseError.self) { try parse("{\"a\":1,\"b\":2,\"c\":3}", limits: limits) }
  }

  @Test func numbersKeepTheirTextAndAreBounded() throws {
    #expect(try parse("18446744073709551615").integer(UInt64.self) == UInt64.max)
    #expect(try parse("18446744073709551616").integer(UInt64.self) == nil)
    #expect(try parse("-1").integer(UInt8.self) == nil)
    #expect(try parse("1.0").integer(Int.self) == nil)
    #expect(try parse("1e2").integer(Int.self) == nil)
    #expect(try parse("-0").integer(Int.self) == nil)
    _ = try parse(String(repeating: "1", count: 64))
    #expect(throws: ParseError.self) { try parse(String(repeating: "1", count: 65)) }
  }

  @Test func commentsAreReadOnlyWhereAsked() throws {
    let text = Array("/* head */{// one\n\"a\":/* x */1}// end".utf8)
    #expect(try StrictJSON.parse(text, comments: true) == ["a": 1])
    #expect(throws: ParseError.self) { try StrictJSON.parse(text) }
    for broken in ["/* open", "{}/", "/x/{}", "/*/{}"] {
      #expect(throws: ParseError.self) { try StrictJSON.parse(Array(broken.utf8), comments: true) }
    }
  }

  @Test func everyProperPrefixIsRefused() throws {
    let text = Array("{\"a\":[1.5e-3,true,{\"b\":null}],\"c\":\"\\u00e9\u{1F600}\"}".utf8)
    _ = try StrictJSON.parse(text)
    for count in 0..<text.count {
      #expect(throws: ParseError.self) { try StrictJSON.parse(text[..<count]) }
    }
    #expect(throws: ParseError("json", .trailing, at: text.count)) { try StrictJSON.parse(text + [0x7D]) }
  }

  @Test func whatIsWrittenReadsBackEqual() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<500 {
      let value = randomValue(depth: 4, &random)
      #expect(try StrictJSON.parse(CanonicalJSON.encodeInOrder(value)) == value)
      #expect(try StrictJSON.parse(Array(CanonicalJSON.pretty(value).utf8)) == value)
      let canonical = CanonicalJSON.encode(value)
      #expect(CanonicalJSON.encode(try StrictJSON.parse(canonical)) == canonical)
    }
  }

  /// Damage never traps and never hides: a mutated document is refused or is another document.
  @Test func aFlippedByteNeverGoesUnseen() throws {
    let text = Array("{\"nonce\":\"mQ60/sBt+\",\"n\":[10,20],\"ok\":true}".utf8)
    let value = try StrictJSON.parse(text)
    for index in text.indices {
      for bit in 0..<8 {
        var damaged = text
        damaged[index] ^= 1 << UInt8(bit)
        guard let other = try? StrictJSON.parse(damaged) else { continue }
        #expect(other != value)
      }
    }
  }

  private func randomValue(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .int(Int64.random(in: Int64.min...Int64.max, using: &random))
    case 3, 4: return .string(randomText(&random))
    case 5:
      return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in randomValue(depth: depth - 1, &random) })
    default:
      let members = (0..<Int.random(in: 0...4, using: &random)).map { index in
        ("\(index)" + randomText(&random), randomValue(depth: depth - 1, &random))
      }
      return .object(members)
    }
  }

  private func randomText(_ random: inout SeededGenerator) -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "/", "\\", "\"", "\u{0}", "\u{1F}", "\u{7F}", "é", "\u{2028}", "\u{1F600}", "\n",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "a")
    }
    return text
  }
}
