import Bytes
import Cryptography
import Testing
import Verification

@testable import Appraisal

/// What a quorum accepts of one reference manifest until a day: how many there may be, and how they are kept.
struct ManifestExceptionTests {
  private func exception(_ number: UInt32) throws -> ManifestException {
    var manifest = ByteWriter()
    manifest.zeros(28)
    manifest.bigEndian(number)
    return try ManifestException(
      document: .object([
        ("schema", "vouchsafe/manifest-exception/v1"), ("manifest", .string(Hex.encode(manifest.bytes))),
        ("accepts", "expired"), ("notAfter", .string(Sample.now.adding(.seconds(86_400)).rfc3339)),
        ("reason", "a test"),
      ]))
  }

  private func active(_ exception: ManifestException) -> ReferenceValues.ActiveException {
    .init(exception: exception, version: 1, digest: Hash.sha256.digest(CanonicalJSON.encode(exception.document)))
  }

  @Test func thereAreNoMoreThanTheLimit() throws {
    var values = try Sample.values()
    for number in 1..<UInt32(ReferenceValues.exceptionLimit) {
      let exception = try exception(number)
      values.exceptions[exception.scope] = active(exception)
    }
    let last = try exception(1000)
    values = try values.taking(.exception, last.scope, last.document, by: [0, 1])
    #expect(values.exceptions.count == ReferenceValues.exceptionLimit)
    let more = try exception(1001)
    #expect(throws: StatementError.tooMany) {
      try values.taking(.exception, more.scope, more.document, by: [0, 1])
    }
  }

  @Test func whatIsStoredReadsBackUnderItsOwnScope() throws {
    let exception = try exception(1)
    let values = try Sample.values().taking(.exception, exception.scope, exception.document, by: [0, 1])
    let record = ReferenceRecord(values)
    let bodies = Dictionary(record.bodies.map { (Hash.sha256.digest($0), $0) }) { first, _ in first }
    let stored = try StoredReferences(refvalues: record.document, policy: record.policy)
    #expect(ReferenceRecord(try stored.values(with: bodies)) == record)
    // The same body under another manifest's name is an exception that nobody signed.
    let other = try self.exception(2).scope
    let moved = String(decoding: record.document, as: UTF8.self).replacing(
      "\"exceptions\":{\"\(exception.scope)\"", with: "\"exceptions\":{\"\(other)\"")
    let altered = try StoredReferences(refvalues: Array(moved.utf8), policy: record.policy)
    #expect(throws: ParseError("refvalues.exceptions", .unexpected)) { try altered.values(with: bodies) }
  }
}
