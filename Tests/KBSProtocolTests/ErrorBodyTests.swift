import Bytes
import KBSProtocol
import Testing

struct ErrorBodyTests {
  @Test func typeAndDetailComeFirstAndOurMembersAfter() {
    let body = ErrorBody(.policyDeny, detail: "Access denied by policy", code: "measurementUnknown", decisionID: "d-1")
    #expect(
      String(decoding: body.encoded(), as: UTF8.self)
        == #"{"type":"https://github.com/confidential-containers/kbs/errors/PolicyDeny","#
        + #""detail":"Access denied by policy","code":"measurementUnknown","decision_id":"d-1"}"#)
    #expect(
      String(decoding: ErrorBody(.tokenNotFound, detail: "d").encoded(), as: UTF8.self)
        == #"{"type":"https://github.com/confidential-containers/kbs/errors/TokenNotFound","detail":"d"}"#)
  }

  @Test func aClientReadsItsOwnAndOtherServersErrors() throws {
    let body = ErrorBody(.attestationError, detail: "x", code: "c", decisionID: "d")
    #expect(try ErrorBody(parsing: body.encoded()) == body)
    #expect(body.name == .attestationError)
    let other = try ErrorBody(
      parsing: Array(#"{"type":"https://elsewhere/Thing","detail":"x","more":[1],"code":7}"#.utf8))
    #expect(other.name == nil && other.code == nil)
  }

  @Test(arguments: [
    "", "{}", #"{"type":"t"}"#, #"{"type":"t","detail":1}"#, "<html>", #"{"type":"t","detail":"a","detail":"b"}"#,
  ])
  func whatIsNoErrorBodyIsRefused(_ text: String) {
    #expect(throws: KBSProtocolError.self) { try ErrorBody(parsing: Array(text.utf8)) }
  }

  @Test func everyErrorHasItsOwnCodeAndASentence() {
    let errors: [KBSProtocolError] = [
      .malformed(ParseError("f", .missing)), .unsupportedVersion, .unsupportedTEE, .unsupportedHashAlgorithm,
      .unsupportedInitDataFormat, .unsupportedInitDataAlgorithm, .badTEEKey, .nonceMismatch, .badResourcePath,
      .unknownCookieKey, .badCookie, .badToken, .tokenExpired, .tokenTooLong,
    ]
    #expect(Set(errors.map(\.code)).count == errors.count)
    #expect(errors.allSatisfy { !$0.sentence.isEmpty })
  }
}
