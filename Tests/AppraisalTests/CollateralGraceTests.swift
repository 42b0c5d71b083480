import Bytes
import SignedNotes
import Testing
import Verification

@testable import Appraisal

/// Collateral that has run out may be used by a quorum's leave, for a while and for one vendor.
struct CollateralGraceTests {
  private static let asOf = Sample.now.adding(.seconds(-86_400))

  private func grace(
    _ vendor: String = "intel", asOf: Timestamp = asOf, until: Timestamp = Sample.now.adding(.seconds(7 * 86_400))
  ) -> JSONValue {
    .object([
      ("schema", "vouchsafe/collateral-grace/v1"), ("vendor", .string(vendor)), ("asOf", .string(asOf.rfc3339)),
      ("until", .string(until.rfc3339)), ("reason", "the vendor cannot be reached"),
    ])
  }

  @Test func aQuorumGivesItAndItEndsByItself() throws {
    let values = try Sample.values().taking(.collateralGrace, "intel", grace(), by: [0, 1])
    #expect(values.activeGraces(at: Sample.now).map(\.grace.vendor) == [.intel])
    #expect(values.activeGraces(at: Sample.now.adding(.seconds(7 * 86_400))).isEmpty)
    #expect(values.activeGraces(at: Self.asOf).isEmpty)
    #expect(throws: StatementError.quorumTooFew(signed: 1)) {
      try Sample.values().taking(.collateralGrace, "intel", grace(), by: [0])
    }
  }

  @Test func aLaterOneTakesItsPlace() throws {
    let values = try Sample.values().taking(.collateralGrace, "intel", grace(), by: [0, 1])
      .taking(.collateralGrace, "intel", grace(until: Self.asOf.adding(.seconds(1))), by: [0, 1])
    #expect(values.activeGraces(at: Sample.now).isEmpty)
  }

  @Test func itIsShortAndLooksBack() throws {
    let long = Sample.now.adding(.seconds(30 * 86_400 + 1))
    #expect(throws: StatementError.graceTooLong) {
      try Sample.values().taking(.collateralGrace, "intel", grace(until: long), by: [0, 1])
    }
    #expect(throws: StatementError.graceAhead) {
      try Sample.values().taking(
        .collateralGrace, "intel", grace(asOf: Sample.now.adding(.seconds(1))), by: [0, 1])
    }
  }

  @Test func itIsForTheVendorThatItNames() throws {
    #expect(throws: StatementError.bodyMismatch) {
      try Sample.values().taking(.collateralGrace, "amd", grace(), by: [0, 1])
    }
    for body in [
      grace("nvidia"), grace(until: Self.asOf), .object([("schema", "vouchsafe/collateral-grace/v1")]),
    ] {
      #expect(throws: StatementError.self) {
        try Sample.values().taking(.collateralGrace, "intel", body, by: [0, 1])
      }
    }
  }

  @Test func whatIsStoredReadsBack() throws {
    let values = try Sample.values().taking(.collateralGrace, "intel", grace(), by: [0, 1])
    let record = ReferenceRecord(values)
    let stored = try StoredReferences(refvalues: record.document, policy: record.policy)
    #expect(try stored.values(with: [:]).activeGraces(at: Sample.now) == values.activeGraces(at: Sample.now))
    #expect(record.digest != ReferenceRecord(try Sample.values()).digest)
  }
}
