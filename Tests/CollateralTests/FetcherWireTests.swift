import Bytes
import Collateral
import Testing
import Verification

@Suite struct FetcherWireTests {
  private let request = FetcherRequest(
    want: [.intelRootRevocationList, .intelQEIdentity(tee: .tdx)], deadline: .milliseconds(8000))
  private let answer = FetcherAnswer(
    artefacts: [
      CollateralRecord(
        key: .intelRootRevocationList, body: Array("body".utf8), fetchedAt: 1_790_000_000, source: "https://a/b")
    ],
    missing: [
      MissingCollateral(key: .intelQEIdentity(tee: .tdx), code: .rateLimited, retryAfterSeconds: 30),
      MissingCollateral(key: .intelPCKRevocationList(.platform), code: .notFound),
    ])

  @Test func aRequestIsOneLineAndReadBack() throws {
    #expect(
      String(decoding: request.line, as: UTF8.self)
        == #"{"deadlineMs":8000,"v":1,"want":["intel/rootcrl","intel/tdx/qe"]}"# + "\n")
    #expect(try FetcherRequest(parsing: request.line) == request)
    #expect(
      FetcherRequest(want: [.intelRootRevocationList, .intelRootRevocationList], deadline: .seconds(1)).want.count == 1)
  }

  @Test func anAnswerIsOneLineAndReadBack() throws {
    #expect(answer.line.filter { $0 == 0x0A }.count == 1)
    #expect(try FetcherAnswer(parsing: answer.line) == answer)
  }

  @Test func noPrefixOfALineIsRead() {
    for count in 0..<(request.line.count - 1) {
      #expect(throws: ParseError.self) { try FetcherRequest(parsing: Array(request.line.prefix(count))) }
    }
    for count in 0..<(answer.line.count - 1) {
      #expect(throws: ParseError.self) { try FetcherAnswer(parsing: Array(answer.line.prefix(count))) }
    }
  }

  @Test func aRequestOutsideItsLimitsIsRefused() {
    let bad = [
      #"{"v":2,"want":["intel/rootcrl"],"deadlineMs":1}"#, #"{"v":1,"want":[],"deadlineMs":1}"#,
      #"{"v":1,"want":["intel/rootcrl"],"deadlineMs":0}"#, #"{"v":1,"want":["intel/rootcrl"],"deadlineMs":60001}"#,
      #"{"v":1,"want":["intel/rootcrl","intel/rootcrl"],"deadlineMs":1}"#, #"{"v":1,"want":["x"],"deadlineMs":1}"#,
      #"{"v":1,"want":["intel/rootcrl"],"deadlineMs":1,"more":1}"#, #"{"v":1,"want":["intel/rootcrl"]}"#,
      #"{"v":1,"want":[1],"deadlineMs":1}"#, #"[]"#, "",
      #"{"v":1,"want":["\#((0..<65).map { "intel/tdx/tcb/0000000000\($0 + 10)" }.joined(separator: "\",\""))"],"deadlineMs":1}"#,
      String(repeating: " ", count: FetcherRequest.limitBytes + 1),
    ]
    for text in bad {
      #expect(throws: ParseError.self, "\(text.prefix(80))") { try FetcherRequest(parsing: Array(text.utf8)) }
    }
  }

  @Test func anAnswerOutsideItsLimitsIsRefused() {
    let key = #""key":"intel/rootcrl""#
    let good = #"{\#(key),"body":"AAAA","fetchedAt":"2026-11-01T00:00:00Z","source":"x"}"#
    #expect(throws: Never.self) {
      try FetcherAnswer(parsing: Array(#"{"v":1,"artefacts":[\#(good)],"missing":[]}"#.utf8))
    }
    let bad = [
      #"{"v":1,"artefacts":[\#(good),\#(good)],"missing":[]}"#,
      #"{"v":1,"artefacts":[\#(good)],"missing":[{\#(key),"code":"notFound"}]}"#,
      #"{"v":1,"artefacts":[],"missing":[{\#(key),"code":"other"}]}"#,
      #"{"v":1,"artefacts":[],"missing":[{\#(key),"code":"notFound","retryAfterSeconds":-1}]}"#,
      #"{"v":1,"artefacts":[{\#(key),"body":"","fetchedAt":"2026-11-01T00:00:00Z","source":"x"}],"missing":[]}"#,
      #"{"v":1,"artefacts":[{\#(key),"body":"AAA","fetchedAt":"2026-11-01T00:00:00Z","source":"x"}],"missing":[]}"#,
      #"{"v":1,"artefacts":[{\#(key),"body":"AAAA","fetchedAt":"yesterday","source":"x"}],"missing":[]}"#,
      #"{"v":1,"artefacts":[{\#(key),"body":"AAAA","fetchedAt":"2026-11-01T00:00:00Z","source":"\n"}],"missing":[]}"#,
      #"{"v":1,"artefacts":[]}"#, #"{"v":1,"artefacts":[],"missing":[],"more":0}"#,
    ]
    for text in bad {
      #expect(throws: ParseError.self, "\(text)") { try FetcherAnswer(parsing: Array(text.utf8)) }
    }
  }
}
