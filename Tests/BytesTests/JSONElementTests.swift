import Bytes
import TestSupport
import Testing

struct JSONElementTests {
  private func element(_ text: String) throws -> JSONElement { try StrictJSON.element(of: Array(text.utf8)) }
  private func fields(_ text: String) throws -> JSONFields { try JSONFields(try element(text), "doc") }

  @Test func valuesLieWhereTheyAreWritten() throws {
    let root = try element(#" {"a": [1, {"b":[ ]} ,"x"] , "c":{"d":"}]"},"e":-12}"#)
    #expect(root.isObject)
    #expect(root["a"].map { Array($0.bytes) } == Array(#"[1, {"b":[ ]} ,"x"]"#.utf8))
    #expect(root["c"].map { Array($0.bytes) } == Array(#"{"d":"}]"}"#.utf8))
    #expect(root["c"]?["d"]?.plainBytes.map { Array($0) } == Array("}]".utf8))
    #expect(root["a"]?.items.map { Array($0.bytes) }.count == 3)
    #expect(root["a"]?.items.first { $0.isObject }?["b"]?.isArray == true)
    #expect(root["e"]?.integer(Int8.self) == -12)
    #expect(root["b"] == nil)
    #expect(root["a"]?["b"] == nil)
    #expect(root["e"]?.items.contains { _ in true } == false)
  }

  @Test func aTextWithEscapesIsWhatItMeans() throws {
    let root = try element(#"{"\u0061":"\u0062","é":"ü\n","c":"d"}"#)
    #expect(root["a"]?.stringValue == "b")
    #expect(root["a"]?.plainBytes == nil)
    #expect(root["é"]?.stringValue == "ü\n")
    #expect(root["e\u{301}"] == nil)
    #expect(root["c"]?.plainBytes.map { Array($0) } == [0x64])
  }

  @Test func aNameTwiceIsFoundInAnyWritingAmongAnyNumber() {
    let many = (0..<40).map { "\"k\($0)\":[{\"k\($0)\":0}]" }
    for count in [1, 2, 11, 12, 13, 40] {
      for index in [0, count / 2, count - 1] {
        for name in ["\"k\(index)\"", "\"\\u006B\(index)\""] {
          let text = "{" + (many.prefix(count) + ["\(name):1"]).joined(separator: ",") + "}"
          #expect(throws: ParseError.self, "\(text)") { try element(text) }
        }
      }
      #expect(throws: Never.self) { try element("{" + many.prefix(count).joined(separator: ",") + "}") }
    }
  }

  @Test func numbersAreIntegersThatFit() throws {
    let cases: [(String, UInt8?)] = [
      ("0", 0), ("255", 255), ("256", nil), ("1000", nil), ("-0", nil), ("-1", nil), ("1.0", nil), ("1e1", nil),
      ("\"1\"", nil), ("99999999999999999999999999", nil),
    ]
    for (text, expected) in cases {
      #expect(try element("[\(text)]").items.map { $0.integer(UInt8.self) }.first ?? nil == expected, "\(text)")
      #expect(try element("{\"n\":\(text)}").integer("n") == expected, "\(text)")
      #expect(try StrictJSON.parse(Array(text.utf8)).integer() == expected, "\(text)")
    }
    #expect(try element("{\"n\":-128}").integer("n", as: Int8.self) == -128)
    #expect(try element("[1]").integer("n", as: Int8.self) == nil)
  }

  @Test func membersAreReadByNameAndType() throws {
    let fields = try fields(
      #"{"s":"x","n":7,"a":[1,2],"t":["p","q"],"o":{"i":1},"h":"00Ff","e":"\u0030a","w":"2026-01-02T03:04:05Z"}"#)
    #expect(try fields.string("s") == "x")
    #expect(try fields.integer("n", as: UInt8.self) == 7)
    #expect(try fields.array("a").compactMap { $0.integer(Int.self) } == [1, 2])
    #expect(try fields.strings("t") == ["p", "q"])
    #expect(try fields.object("o").integer("i", as: Int.self) == 1)
    #expect(try fields.hex("h", count: 2) == [0, 255])
    #expect(try fields.hex("e", count: 1) == [10])
    #expect(try fields.timestamp("w").rfc3339 == "2026-01-02T03:04:05Z")
    #expect(fields.has("s") && !fields.has("i"))
  }

  @Test func absentWrongAndOutOfRangeAreThreeAnswers() throws {
    let fields = try fields(
      #"{"s":1,"n":300,"m":"1","h":"0","k":"00","w":"yesterday","t":["a",1],"f":1.5,"o":{"s":1}}"#)
    #expect(throws: ParseError("doc.gone", .missing)) { try fields.string("gone") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try fields.string("s") }
    #expect(throws: ParseError("doc.n", .outOfRange)) { try fields.integer("n", as: UInt8.self) }
    #expect(throws: ParseError("doc.m", .wrongType)) { try fields.integer("m", as: UInt8.self) }
    #expect(throws: ParseError("doc.f", .outOfRange)) { try fields.integer("f", as: Int.self) }
    #expect(throws: ParseError("doc.h", .unexpected)) { try fields.hex("h", count: 1) }
    #expect(throws: ParseError("doc.k", .outOfRange)) { try fields.hex("k", count: 2) }
    #expect(throws: ParseError("doc.s", .wrongType)) { try fields.hex("s", count: 1) }
    #expect(throws: ParseError("doc.s", .wrongType)) { try fields.timestamp("s") }
    #expect(throws: ParseError("doc.w", .unexpected)) { try fields.timestamp("w") }
    #expect(throws: ParseError("doc.t", .wrongType)) { try fields.strings("t") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try fields.object("s") }
    #expect(throws: ParseError("doc.s", .wrongType)) { try fields.array("s") }
    #expect(throws: ParseError("doc.o.s", .wrongType)) { try fields.object("o").string("s") }
    #expect(throws: ParseError("doc", .wrongType)) { try JSONFields(try element("[]"), "doc") }
  }

  @Test func whatAFormHasNotIsListedByItsPath() throws {
    let form: JSONForm = ["id": [:], "levels": JSONForm(names: ["date"], ["tcb": ["svn": [:]]])]
    let known = #"{"id":{"any":1},"levels":[{"tcb":{"svn":1},"date":""},{"tcb":[{"svn":2}]}]}"#
    #expect(form.others(in: try element(known)).isEmpty)
    let more = #"{"z":1,"levels":[{"tcb":{"later":1}},{"tcb":{"later":{"svn":2}}},{"i\u0064\n":0}],"\u0069d":1}"#
    #expect(form.others(in: try element(more)) == ["levels.id?", "levels.tcb.later", "z"])
    let flood = "{" + (0..<100).map { "\"\($0)\(String(repeating: "x", count: 100))\":0" }.joined(separator: ",") + "}"
    let found = form.others(in: try element(flood))
    #expect(found.count == 16)
    #expect(found.allSatisfy { $0.utf8.count == 64 })
  }
}
