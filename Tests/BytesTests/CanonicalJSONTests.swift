import Bytes
import Testing

struct CanonicalJSONTests {
  @Test func membersAreSortedAndSpaceIsGone() throws {
    let value = try StrictJSON.parse(Array("{\"b\":1, \"a\":\"test\",\"c\":{\"d\":\"e\"}}".utf8))
    #expect(CanonicalJSON.text(value) == "{\"a\":\"test\",\"b\":1,\"c\":{\"d\":\"e\"}}")
  }

  /// RFC 8785 §3.2.3: by UTF-16 code units, where an astral character sorts before U+FB33.
  @Test func keysAreSortedByUTF16CodeUnits() throws {
    let value: JSONValue = .object([
      ("\u{20AC}", "Euro Sign"), ("\r", "Carriage Return"), ("\u{FB33}", "Hebrew Letter Dalet With Dagesh"),
      ("1", "One"), ("\u{1F600}", "Emoji: Grinning Face"), ("\u{80}", "Control"),
      ("\u{F6}", "Latin Small Letter O With Diaeresis"),
    ])
    guard case .object(let sorted) = try StrictJSON.parse(CanonicalJSON.encode(value)) else {
      Issue.record("not an object")
      return
    }
    #expect(sorted.keys == ["\r", "1", "\u{80}", "\u{F6}", "\u{20AC}", "\u{1F600}", "\u{FB33}"])
  }

  @Test func onlyWhatMustBeEscapedIs() {
    let value: JSONValue = "\u{20AC}$\u{F}\nA'B\"\\\\\"/\u{7F}\u{2028}\u{8}\t\u{C}\r\u{1F}"
    let expected = "\"\u{20AC}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7F}\u{2028}\\b\\t\\f\\r\\u001f\""
    #expect(CanonicalJSON.text(value) == expected)
  }

  @Test func orderIsKeptWhereAProtocolFixesIt() {
    let value: JSONValue = .object([("type", "t"), ("detail", "d"), ("code", "c")])
    #expect(
      String(decoding: CanonicalJSON.encodeInOrder(value), as: UTF8.self)
        == "{\"type\":\"t\",\"detail\":\"d\",\"code\":\"c\"}")
  }

  @Test func peopleGetIndentation() {
    let value: JSONValue = ["a": [1, 2], "b": [:], "c": []]
    #expect(CanonicalJSON.pretty(value) == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}\n")
  }
}
