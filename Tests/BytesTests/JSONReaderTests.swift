import Bytes
import Testing

struct JSONReaderTests {
  private func reader(_ text: String) throws -> JSONReader {
    try JSONReader(try StrictJSON.parse(Array(text.utf8)), "doc")
  }

  @Test func membersAreReadByNameAndType() throws {
    var reader = try reader(
      """
      {"s":"x","n":7,"b":true,"a":[1],"t":["p","q"],"o":{"i":1},"h":"00FF","w":"2026-01-02T03:04:05Z","z":null}
      """)
    #expect(try reader.string("s") == "x")
    #expect(try reader.integer("n", as: UInt8.self) == 7)
    #expect(try reader.bool("b"))
    #expect(try reader.array("a") == [1])
    #expect(try reader.strings("t") == ["p", "q"])
    var inner = try reader.object("o")
    #expect(try inner.integer("i", as: Int.self) == 1)
    try inner.finish()
    #expect(try reader.hex("h", count: 2) == [0, 255])
    #expect(try reader.timestamp("w").rfc3339 == "2026-01-02T03:04:05Z")
    #expect(reader.optionalValue("z")?.isNull == true)
    try reader.finish()
  }

  @Test func absentWrongAndOutOfRangeAreThreeAnswers() throws {
    var reader = try reader(#"{"s":1,"n":300,"m":"1","h":"0","w":"yesterday","t":["a",1],"f":1.5}"#)
    #expect(throws: ParseError("doc.gone", .missing)) { try reader.string("gone") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.string("s") }
    #expect(throws: ParseError("doc.n", .outOfRange)) { try reader.integer("n", as: UInt8.self) }
    #expect(throws: ParseError("doc.m", .wrongType)) { try reader.integer("m", as: UInt8.self) }
    #expect(throws: ParseError("doc.f", .outOfRange)) { try reader.integer("f", as: Int.self) }
    #expect(throws: ParseError("doc.h", .unexpected)) { try reader.hex("h") }
    #expect(throws: ParseError("doc.w", .unexpected)) { try reader.timestamp("w") }
    #expect(throws: ParseError("doc.t", .wrongType)) { try reader.strings("t") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.object("s") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.bool("s") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.array("s") }
    #expect(throws: ParseError("doc", .wrongType)) { try JSONReader([1], "doc") }
  }

  @Test func hexMustHaveItsLength() throws {
    var reader = try reader(#"{"h":"00ff"}"#)
    #expect(throws: ParseError("doc.h", .outOfRange)) { try reader.hex("h", count: 3) }
  }

  @Test func optionalMembersMayBeAbsentButNeverWrong() throws {
    var reader = try reader(#"{"s":1}"#)
    #expect(try reader.optionalString("gone") == nil)
    #expect(try reader.optionalInteger("gone", as: Int.self) == nil)
    #expect(try reader.optionalBool("gone") == nil)
    #expect(try reader.optionalArray("gone") == nil)
    #expect(try reader.optionalObject("gone") == nil)
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.optionalString("s") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.optionalBool("s") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.optionalArray("s") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try reader.optionalObject("s") }
  }

  @Test func whatNobodyAskedForIsFound() throws {
    var reader = try reader(#"{"a":1,"b":2,"c":3}"#)
    _ = try reader.integer("b", as: Int.self)
    #expect(reader.unreadMembers == ["a", "c"])
    #expect(throws: ParseError("doc.a", .unknownField)) { try reader.finish() }
  }

  /// U+212A KELVIN SIGN is canonically equivalent to "K", and Swift calls the two strings equal.
  @Test func aNameIsComparedByItsBytesAndNotByUnicodeEquivalence() throws {
    var reader = try reader("{\"\u{212A}\":1}")
    #expect(!reader.has("K"))
    #expect(throws: ParseError("doc.K", .missing)) { try reader.value("K") }
    #expect(reader.unreadMembers.count == 1)
    #expect(throws: ParseError.self) { try reader.finish() }
  }

  @Test func objectsAreEditedInPlace() {
    var object = JSONObject([("a", 1), ("b", 2)])
    object["a"] = 3
    object["c"] = 4
    object["b"] = nil
    object["gone"] = nil
    #expect(object.keys == ["a", "c"])
    #expect(object["a"] == 3)
    #expect(JSONObject([("a", 1), ("b", 2)]) != JSONObject([("b", 2), ("a", 1)]))
  }
}
