import Testing
import Transport

struct HTTPTargetTests {
  private func target(_ text: String) -> HTTPTarget? { try? HTTPTarget(parsing: Array(text.utf8)[...]) }

  @Test func pathsAreDecodedOnce() {
    #expect(target("/")?.segments == [])
    #expect(target("/")?.path == "/")
    #expect(target("/a/b")?.segments == ["a", "b"])
    #expect(target("/a/")?.segments == ["a", ""])
    #expect(target("/a/")?.path == "/a/")
    #expect(target("/%61%2D%c3%BC")?.path == "/a-ü")
    #expect(target("/%2541")?.path == "/%41")
    #expect(target("/a+b")?.path == "/a+b")
    #expect(target("/...")?.segments == ["..."])
    #expect(target("/a.b/..c")?.segments == ["a.b", "..c"])
  }

  @Test func queriesAreReadInOrderAndKeepTheirPlus() {
    #expect(target("/a?")?.query == [])
    #expect(target("/a?b=c=d&e&=f&&b=%26+/?")?.query.map(\.name) == ["b", "e", "", "b"])
    #expect(target("/a?b=c=d&e&=f&&b=%26+/?")?.query.map(\.value) == ["c=d", "", "f", "&+/?"])
  }

  @Test func onlyTheCharactersOfAPathMayStandInIt() {
    let others = Set("-._~!$&'()*+,;=:@/%?".utf8)
    for byte in UInt8.min...UInt8.max {
      let isAlphanumeric = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      let target = try? HTTPTarget(parsing: (Array("/a".utf8) + [byte] + Array("25".utf8))[...])
      #expect((target != nil) == (isAlphanumeric || others.contains(byte)), "byte \(byte)")
    }
  }

  @Test func encodedBytesAreRefusedWhereTheyWouldBeStructure() {
    for byte in UInt8.min...UInt8.max {
      let digits = String(byte, radix: 16)
      let text = "/x%\(digits.count == 1 ? "0" : "")\(digits)y"
      let isPlain = byte >= 0x20 && byte < 0x7F && byte != 0x2F && byte != 0x5C
      #expect((target(text) != nil) == isPlain, "\(text)")
    }
  }
}
