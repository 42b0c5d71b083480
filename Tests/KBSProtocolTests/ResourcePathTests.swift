import KBSProtocol
import Testing

struct ResourcePathTests {
  @Test func threeSegmentsAreRead() throws {
    let path = try ResourcePath("models/llama-3.1_70b/key")
    #expect(path.repository == "models" && path.type == "llama-3.1_70b" && path.tag == "key")
    #expect(path.text == "models/llama-3.1_70b/key")
    #expect(path.requestPath == "/kbs/v0/resource/models/llama-3.1_70b/key")
    #expect(try ResourcePath(uri: "kbs:///models/llama-3.1_70b/key") == path)
    #expect(try ResourcePath(["models", "llama-3.1_70b", "key"]) == path)
    #expect(try ResourcePath("_/-/0") != path)
  }

  @Test(arguments: [
    "", "a", "a/b", "a/b/c/d", "/a/b/c", "a/b/c/", "a//c", "../b/c", "a/../c", "a/./c", ".a/b/c", "a/.b/c", "a/b/.",
    "a/b/c?x=1", "a/b/c#d", "a/b/c d", "a/b/%63", "a/b/c\n", "a/b/c\u{0}", "a/b/é", "a/b/c:d", "a\\b/c/d",
    "a/b/\u{212A}",
  ])
  func nothingElseIsAPath(_ text: String) {
    #expect(throws: KBSProtocolError.badResourcePath) { try ResourcePath(text) }
    #expect(throws: KBSProtocolError.badResourcePath) { try ResourcePath(uri: "kbs:///" + text) }
  }

  @Test func theSchemeIsExact() {
    for text in ["kbs://a/b/c", "KBS:///a/b/c", "kbs://host/a/b/c", "/a/b/c", "a/b/c"] {
      #expect(throws: KBSProtocolError.badResourcePath) { try ResourcePath(uri: text) }
    }
  }

  @Test func segmentsAreBounded() throws {
    let long = String(repeating: "a", count: 255)
    _ = try ResourcePath("\(long)/\(long)/\(long)")
    #expect(throws: KBSProtocolError.badResourcePath) { try ResourcePath("\(long)a/b/c") }
    #expect(throws: KBSProtocolError.badResourcePath) { try ResourcePath([long + "a", "b", "c"]) }
  }
}
