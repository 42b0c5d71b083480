import Bytes
import Cryptography
import Evidence
import KBSProtocol
import SignedNotes
import Testing

@testable import Appraisal

/// An emergency's key: who may give it, to what, how long, and what it never lifts.
struct BreakGlassTests {
  private static let other = [UInt8](repeating: 0x11, count: 48)
  private static let end = Sample.now.adding(.seconds(4 * 3600))

  private func glass() throws -> [NoteSigner] {
    [try Sample.signer("dora", seed: 11), try Sample.signer("emil", seed: 12)]
  }

  private func values(_ bundle: JSONValue = Sample.plainBundle()) throws -> ReferenceValues {
    let quorum = try ApproverQuorum(threshold: 2, approvers: try glass().map(\.verifierKey))
    return try ReferenceValues(quorum: try Sample.quorum(), breakGlass: quorum)
      .taking(.reference, "llama", bundle, by: [0, 1])
  }

  private func grant(
    _ path: String = "models/llama/key", measurement: [UInt8] = other, hostData: [UInt8]? = nil
  ) throws -> JSONValue {
    BreakGlassGrant.body(try Sample.path(path), measurement: measurement, hostData: hostData, reason: "registry lost")
  }

  private func broken(
    _ values: ReferenceValues, _ body: JSONValue? = nil, path: String = "models/llama/key", until: Timestamp = end,
    by signers: [NoteSigner]? = nil, at now: Timestamp = Sample.now
  ) throws -> ReferenceValues {
    let statement = values.next(.breakGlass, path, try body ?? grant(path), notAfter: until)
    return try values.applying(try statement.signed(by: try signers ?? glass()), at: now)
  }

  private var pod: Facts { Sample.facts { $0.measurement = Self.other } }

  private func outcome(
    _ values: ReferenceValues, _ facts: Facts? = nil, path: String = "models/llama/key", at now: Timestamp = Sample.now
  ) throws -> [String] {
    let facts = facts ?? pod
    let result = judge(facts, claims: ["tee": "snp"], against: values, at: now)
    let decision = decide(
      try Sample.path(path), version: 1, for: result, boundTo: ["llama"], values: values, at: now)
    switch decision {
    case .allow(let bundle): return result.isAccepted ? ["allow", bundle] : ["allow unattested"]
    case .deny(let denial): return denial.codes
    }
  }

  @Test func itGivesOneKeyToOneMeasurement() throws {
    let values = try self.values()
    #expect(try outcome(values) == ["measurementUnknown"])
    let broken = try self.broken(values)
    #expect(try outcome(broken) == ["allow", "break-glass/models/llama/key"])
    #expect(try outcome(broken, path: "models/llama/other") == ["bundleNotPermitted"])
    #expect(try outcome(broken, Sample.facts { $0.measurement[0] = 0x12 }) == ["measurementUnknown"])
    #expect(try outcome(broken, Sample.facts) == ["allow", "llama"])
    #expect(broken.digest != values.digest && broken.epoch == values.epoch + 1)
  }

  @Test func itsOwnQuorumAloneCanGiveIt() throws {
    let values = try self.values()
    let (glass, approvers) = (try glass(), try Sample.approvers())
    for (signers, count) in [
      ([], 0), ([glass[0]], 1), ([glass[0], glass[0]], 1), (approvers, 0), (approvers + [glass[1]], 1),
    ] {
      #expect(throws: StatementError.quorumTooFew(signed: count)) { try broken(values, by: signers) }
    }
    #expect(throws: StatementError.noBreakGlass) { try broken(try Sample.values(Sample.plainBundle())) }
    let bundle = values.next(.reference, "wide", Sample.plainBundle("wide"))
    #expect(throws: StatementError.quorumTooFew(signed: 0)) {
      try values.applying(try bundle.signed(by: glass), at: Sample.now)
    }
    #expect(throws: StatementError.quorumTooFew(signed: 0)) {
      try values.applying(
        try values.next(.revoke, "everything", StatementContent.revocationBody(reason: "x"))
          .signed(by: glass), at: Sample.now)
    }
  }

  @Test func itEndsByItselfWithinFourHours() throws {
    let values = try self.values()
    #expect(throws: StatementError.breakGlassTooLong) { try self.broken(values, until: Self.end.adding(.seconds(1))) }
    let broken = try self.broken(values)
    #expect(try outcome(broken, at: Self.end.adding(.seconds(-1))) == ["allow", "break-glass/models/llama/key"])
    #expect(try outcome(broken, at: Self.end) == ["measurementUnknown"])
    #expect(broken.activeGrants(at: Self.end.adding(.seconds(-1))).count == 1)
    #expect(broken.activeGrants(at: Self.end).isEmpty)
    #expect(throws: StatementError.expired) { try self.broken(values, at: Self.end) }
  }

  /// The end is asked for where the key is asked for, not only where the pod is let in.
  @Test func whatIsOverGivesNothingToThoseWhomAnotherBundleAdmits() throws {
    var wide = Sample.plainBundle("wide")
    wide.set(["tees", "snp", "measurements"], [.string(Hex.encode(Self.other))])
    let broken = try self.broken(try values().taking(.reference, "wide", wide, by: [0, 1]))
    #expect(try outcome(broken, at: Self.end.adding(.seconds(-1))) == ["allow", "break-glass/models/llama/key"])
    #expect(try outcome(broken, at: Self.end) == ["bundleNotPermitted"])
  }

  /// A clock that ran back does not give it a longer life than its own end.
  @Test func itIsTakenOnce() throws {
    let values = try self.values()
    let statement = values.next(.breakGlass, "models/llama/key", try grant(), notAfter: Self.end)
    let signed = try statement.signed(by: try glass())
    let broken = try values.applying(signed, at: Sample.now)
    #expect(throws: StatementError.versionNotNew(current: 1)) { try broken.applying(signed, at: Sample.now) }
    let next = try self.broken(broken, try grant(measurement: [UInt8](repeating: 0x22, count: 48)))
    #expect(try outcome(next) == ["measurementUnknown"])
  }

  @Test func simulatedEvidenceNeverPassesIt() throws {
    let accepting = try values(Sample.bundle("llama", ["acceptingSimulatedEvidence": true]))
    var pod = self.pod
    pod.isSimulated = true
    #expect(try outcome(try broken(accepting), pod) == ["measurementUnknown"])
  }

  @Test func itLiftsNoRevocationAndNothingElseThatTheBundleAsks() throws {
    let full = try values(Sample.bundle("llama", ["notAfter": .string(Sample.now.rfc3339)]))
    let broken = try self.broken(full)
    #expect(try outcome(broken) == ["allow", "break-glass/models/llama/key"])
    for (scope, code) in [
      ("everything", "everythingRevoked"), ("resource/models/llama/key", "resourceRevoked"),
      ("model/llama", "modelRevoked"), ("tenant/models", "tenantRevoked"), ("product/Milan", "productRevoked"),
      ("measurement/\(Hex.encode(Self.other))", "measurementRevoked"),
      ("chip/\(Hex.encode(Sample.chip))", "chipRevoked"),
    ] {
      #expect(try outcome(try broken.revoking(scope)).contains(code), "\(scope)")
    }
    #expect(try outcome(try broken.revoking("bundle/llama")).first != "allow")
    let edits: [(inout SNPFacts) -> Void] = [
      { $0.guestPolicy |= 1 << 19 }, { $0.vmpl = 1 }, { $0.guestSVN = 2 }, { $0.isRevocationChecked = false },
      { $0.reportedTCB = Sample.tcb(snp: 23) }, { $0.product = .genoa }, { $0.chipID[0] ^= 1 }, { $0.hostData[0] ^= 1 },
      { $0.idKeyDigest[0] ^= 1 }, { $0.platformInfo = 0 }, { $0.launchMitigations = nil },
    ]
    for (index, edit) in edits.enumerated() {
      let facts = Sample.facts {
        $0.measurement = Self.other
        edit(&$0)
      }
      #expect(try outcome(broken, facts).first != "allow", "\(index)")
    }
  }

  @Test func hostDataIsLiftedOnlyWhereItIsNamed() throws {
    let values = try self.values(Sample.bundle())
    let host = [UInt8](repeating: 0x44, count: 32)
    let facts = Sample.facts { ($0.measurement, $0.hostData) = (Self.other, host) }
    #expect(try outcome(try broken(values), facts).first != "allow")
    let named = try broken(values, try grant(hostData: host))
    #expect(try outcome(named, facts) == ["allow", "break-glass/models/llama/key"])
    #expect(try outcome(named).first != "allow")
  }

  @Test func theConditionOfARuleStillHolds() throws {
    let rule: JSONValue = [
      "schema": "vouchsafe/rule/v1", "resource": "models/llama/key", "bundles": ["llama"],
      "condition": ["atLeast": ["claim": "guestSVN", "value": 100]],
    ]
    let values = try self.values().taking(.rule, "models/llama/key", rule, by: [0, 1])
    #expect(try outcome(try broken(values)) == ["conditionUnmet"])
  }

  @Test func aKeyIsInOneOfTheTwoQuorumsOnly() throws {
    let values = try self.values()
    let (glass, approvers) = (try glass(), try Sample.approvers())
    func changing(_ scope: String, _ members: [NoteSigner], _ signers: [NoteSigner]) throws -> ReferenceValues {
      let quorum = try ApproverQuorum(threshold: 1, approvers: members.map(\.verifierKey))
      return try values.applying(try values.next(.quorum, scope, quorum.document).signed(by: signers), at: Sample.now)
    }
    #expect(throws: StatementError.quorumsOverlap) { try changing("break-glass", [approvers[0]], approvers) }
    #expect(throws: StatementError.quorumsOverlap) { try changing("approvers", [glass[0]], approvers + glass) }
    #expect(throws: StatementError.quorumTooFew(signed: 0)) { try changing("break-glass", [glass[0]], glass) }
    #expect(throws: StatementError.newQuorumTooFew) { try changing("break-glass", [glass[0]], approvers) }
    #expect(try changing("break-glass", [glass[0]], approvers + glass).breakGlassQuorum?.approvers.count == 1)
  }

  @Test func aMalformedGrantIsNone() throws {
    let good = try grant()
    let edits: [(String, JSONValue?)] = [
      ("resource", "models/llama"), ("resource", nil), ("measurement", "00"), ("measurement", nil), ("hostData", "00"),
      ("reason", nil), ("reason", ""), ("more", 1), ("schema", "vouchsafe/break-glass/v2"),
    ]
    for (name, value) in edits {
      var document = good
      document.set([name], value)
      #expect(throws: ParseError.self, "\(name)") { try BreakGlassGrant(document: document) }
    }
    let values = try self.values()
    #expect(throws: StatementError.bodyMismatch) { try broken(values, good, path: "models/other/key") }
  }
}
