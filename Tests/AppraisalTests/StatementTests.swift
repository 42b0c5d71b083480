import Bytes
import Cryptography
import SignedNotes
import Testing

@testable import Appraisal

struct StatementTests {
  private func statement() throws -> ReferenceStatement {
    ReferenceValues(quorum: try Sample.quorum()).next(.reference, "llama", Sample.bundle())
  }

  @Test func theTextHasItsEightLines() throws {
    let body = StatementContent.revocationBody(reason: "leaked")
    let statement = ReferenceStatement(
      kind: .revoke, scope: "bundle/llama", version: 2, previous: Array(repeating: 0xAB, count: 32),
      notAfter: Timestamp(seconds: 0), body: body)
    let json = #"{"reason":"leaked","schema":"vouchsafe/revocation/v1"}"#
    #expect(
      statement.text == """
        vouchsafe/statement/v1
        kind revoke
        scope bundle/llama
        version 2
        prev abababababababababababababababababababababababababababababababab
        not-after 1970-01-01T00:00:00Z
        digest \(Hex.encode(Hash.sha256.digest(Array(json.utf8))))
        body \(Base64.encode(Array(json.utf8)))

        """)
    #expect(try ReferenceStatement(parsing: statement.text).text == statement.text)
  }

  @Test func whatIsWrittenReadsBackEqual() throws {
    let statement = try statement()
    let read = try ReferenceStatement(parsing: statement.text)
    #expect(read.text == statement.text)
    #expect(read.digest == statement.digest)
    #expect(try StatementContent(of: read) == .reference(try ReferenceBundle(document: read.body)))
    let signed = try statement.signed(by: try Sample.approvers())
    #expect(try SignedStatement(parsing: signed.bytes).note == signed.note)
    let unsigned = try SignedStatement(proposing: statement)
    #expect(try SignedStatement(parsing: unsigned.bytes).note.signatures.isEmpty)
  }

  @Test func everyProperPrefixAndAnythingAfterIsRefused() throws {
    let text = try statement().text
    for count in 0..<text.count {
      #expect(throws: StatementError.self) { try ReferenceStatement(parsing: String(text.prefix(count))) }
    }
    for after in ["\n", "x", "kind rule\n", " "] {
      #expect(throws: StatementError.self) { try ReferenceStatement(parsing: text + after) }
    }
  }

  @Test func thereIsOneTextForEachStatement() throws {
    let text = try statement().text
    let edits: [(String, String)] = [
      ("vouchsafe/statement/v1", "vouchsafe/statement/v2"), ("kind reference", "kind Reference"),
      ("kind reference", "kind  reference"), ("version 1", "version 01"), ("version 1", "version +1"),
      ("version 1", "version 0"), ("version 1", "version -1"), ("version 1", "version 18446744073709551616"),
      ("prev -", "prev "), ("prev -", "prev --"), ("prev -", "prev " + String(repeating: "ab", count: 31)),
      ("prev -", "prev " + String(repeating: "AB", count: 32)),
      ("prev -", "prev " + String(repeating: "ab", count: 32)),
      ("not-after 2026-08-31T18:13:20Z", "not-after 2026-08-31T18:13:20.000Z"),
      ("not-after 2026-08-31T18:13:20Z", "not-after 2026-08-31T20:13:20+02:00"),
      ("not-after 2026-08-31T18:13:20Z", "not-after 2026-08-31T18:13:20.5Z"), ("\nscope", "\r\nscope"),
      ("scope llama\nversion 1", "version 1\nscope llama"), ("scope llama\n", ""), ("scope llama", "scope "),
    ]
    for (from, to) in edits {
      let edited = text.replacing(from, with: to)
      #expect(edited != text, "\(from)")
      #expect(throws: StatementError.self, "\(to)") { try ReferenceStatement(parsing: edited) }
    }
  }

  @Test func theBodyIsTheOneThatWasDigested() throws {
    let llama = try statement().text.split(separator: "\n").map(String.init)
    let otherValues = ReferenceValues(quorum: try Sample.quorum())
    let other = otherValues.next(.reference, "llama", Sample.plainBundle()).text.split(separator: "\n").map(String.init)
    let swapped = (llama.dropLast() + [other[7]]).map { $0 + "\n" }.joined()
    #expect(throws: StatementError.bodyMismatch) { try ReferenceStatement(parsing: swapped) }
  }

  @Test func theBodyIsCanonicalJSON() throws {
    let lines = try statement().text.split(separator: "\n").map(String.init)
    func with(body: String) -> String {
      let digest = "digest " + Hex.encode(Hash.sha256.digest(Array(body.utf8)))
      return (lines[..<6] + [digest, "body " + Base64.encode(Array(body.utf8))]).map { $0 + "\n" }.joined()
    }
    let canonical = CanonicalJSON.text(Sample.bundle())
    #expect(throws: Never.self) { try ReferenceStatement(parsing: with(body: canonical)) }
    for body in [
      canonical + " ", " " + canonical, canonical.replacing(",", with: ", "), "{}x", "", "[1", "{\"a\":1,\"a\":1}",
    ] {
      #expect(throws: StatementError.self, "\(body.prefix(20))") { try ReferenceStatement(parsing: with(body: body)) }
    }
    let large = "\"" + String(repeating: "a", count: ReferenceStatement.bodyLimitBytes - 1) + "\""
    #expect(throws: StatementError.malformed(ParseError("body", .tooLong))) {
      try ReferenceStatement(parsing: with(body: large))
    }
  }

  /// A bundle signed for one name cannot be put in force under another, nor a rule, nor a revocation.
  @Test func theScopeIsTheBodysOwn() throws {
    let values = try Sample.values(Sample.bundle())
    let rule: JSONValue = [
      "schema": "vouchsafe/rule/v1", "resource": "models/llama/key", "bundles": ["llama"],
    ]
    let wrong: [(ReferenceStatement.Kind, String, JSONValue, StatementError)] = [
      (.reference, "other", Sample.bundle(), .bodyMismatch), (.rule, "models/other/key", rule, .bodyMismatch),
      (.quorum, "everyone", try Sample.quorum().document, .bodyMismatch),
      (.reference, "llama", rule, .bundle(ParseError("schema", .unexpected))),
      (.rule, "models/llama/key", Sample.bundle(), .rule(ParseError("schema", .unexpected))),
      (.revoke, "bundle/llama", Sample.bundle(), .malformed(ParseError("revocation.schema", .unexpected))),
      (.revoke, "llama", StatementContent.revocationBody(reason: "x"), .malformed(ParseError("scope", .unexpected))),
      (.quorum, "approvers", Sample.bundle(), .malformed(ParseError("quorum.schema", .unexpected))),
    ]
    for (kind, scope, body, error) in wrong {
      #expect(throws: error) { try values.taking(kind, scope, body, by: [0, 1, 2]) }
    }
  }

  @Test(arguments: [
    "bundle/llama", "measurement/" + String(repeating: "ab", count: 48), "chip/" + String(repeating: "01", count: 64),
    "resource/a/b/c", "product/Turin", "everything",
  ])
  func scopesOfRevocationsReadBack(_ text: String) throws {
    #expect(try RevocationScope(parsing: text).text == text)
  }

  @Test func otherScopesAreRefused() {
    let wrong = [
      "", "bundle", "bundle/", "bundle/a/b", "bundle/a b", "measurement/ab", "chip/zz",
      "measurement/" + String(repeating: "AB", count: 48), "resource/a/b", "resource/a/b/c/d", "product/Venice",
      "everything/else", "Everything", "model/x/y",
    ]
    for text in wrong { #expect(throws: ParseError.self, "\(text)") { try RevocationScope(parsing: text) } }
  }
}
