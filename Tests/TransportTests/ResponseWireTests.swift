import Testing

@testable import Transport

struct ResponseWireTests {
  private func text(_ response: HTTPResponse) -> String {
    String(decoding: response.wire(keepsAlive: true), as: UTF8.self)
  }

  @Test func aResponderSaysWhatItsPathTakes() {
    let own = text(HTTPResponse(status: 405, headers: [("Allow", "GET")]))
    #expect(own.contains("\r\nAllow: GET\r\n"))
    #expect(own.components(of: "Allow:") == 1)
    #expect(text(HTTPResponse(status: 405)).contains("\r\nAllow: GET, POST, PUT, DELETE\r\n"))
    #expect(!text(HTTPResponse(status: 200)).contains("Allow"))
  }

  @Test func cachingIsTheRespondersAndOtherwiseForbidden() {
    let own = text(HTTPResponse(status: 200, headers: [("Cache-Control", "public, max-age=60")]))
    #expect(own.contains("Cache-Control: public, max-age=60\r\n") && !own.contains("no-store"))
    #expect(text(HTTPResponse(status: 200)).contains("Cache-Control: no-store\r\n"))
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }
}
