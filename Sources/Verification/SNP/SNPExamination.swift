import Bytes
import Cryptography
import Evidence

/// The checks of one report in their order, and what they find on the way. One table serves the broker's `verify`, which
/// stops at the first refusal, and the people's `inspect`, which shows every check: the two cannot drift apart.
///
/// Order: what costs nothing first, so that a stranger's report reaches an RSA or P-384 operation only when everything
/// else about it fits.
struct SNPExamination {
  /// How a check ended when it did not refuse.
  enum Outcome: Equatable {
    case passed(String)
    /// Nothing was asked: no init-data was sent, or no revocation list is at hand.
    case notApplicable(String)
    /// An earlier refusal left nothing to check. Never a pass.
    case notReached
  }

  typealias Check = @Sendable (inout SNPExamination) throws(Refusal) -> Outcome

  static let checks: [(name: CheckName, check: Check)] = [
    (.reportData, { (e) throws(Refusal) in try e.checkReportData() }),
    (.hostData, { (e) throws(Refusal) in try e.checkHostData() }),
    (.signingKey, { (e) throws(Refusal) in try e.checkSigningKey() }),
    (.endorsements, { (e) throws(Refusal) in try e.findEndorsements() }),
    (.endorsementKind, { (e) throws(Refusal) in try e.checkEndorsementKind() }),
    (.product, { (e) throws(Refusal) in try e.checkProduct() }),
    (.chipID, { (e) throws(Refusal) in try e.checkChipID() }),
    (.tcb, { (e) throws(Refusal) in try e.checkTCB() }),
    (.tcbOrder, { (e) throws(Refusal) in try e.checkTCBOrder() }),
    (.time, { (e) throws(Refusal) in try e.checkTime() }),
    (.chain, { (e) throws(Refusal) in try e.checkChain() }),
    (.revocation, { (e) throws(Refusal) in try e.checkRevocation() }),
    (.signature, { (e) throws(Refusal) in try e.checkSignature() }),
    (.requester, { (e) throws(Refusal) in try e.checkRequester() }),
  ]

  let report: SNPReport
  let carried: [CarriedCertificate]
  let endorsements: Endorsements
  /// 64 bytes; `nil` only for people who look without an expectation.
  let reportData: [UInt8]?
  let hostData: [UInt8]?
  let anchors: Anchors
  let now: Timestamp

  var vek: VEKCertificate?
  var intermediates: [Certificate] = []
  var revocationLists: [CertificateRevocationList] = []
  var found: (chain: VerifiedChain, anchor: Anchor)?
  var revocation = SNPClaims.Revocation.unavailable
  /// When the enforced lists run out.
  var revocationUntil: Timestamp?
  /// Set by `inspect` alone, once the dates have been judged or left out: the chain is then verified at a moment at
  /// which its certificates are valid.
  var ignoresDates = false

  init(
    _ evidence: SNPEvidence, _ endorsements: Endorsements, reportData: [UInt8]?, hostData: [UInt8]?, anchors: Anchors,
    now: Timestamp
  ) {
    report = evidence.report
    carried = evidence.certificates
    self.endorsements = endorsements
    self.reportData = reportData
    self.hostData = hostData
    self.anchors = anchors
    self.now = now
  }

  /// The claims, once chain and signature are proved; which checks passed is the caller's to know.
  var claims: Claims? {
    guard let vek, let found else { return nil }
    let until = [found.chain.validity?.upperBound, revocationUntil].compactMap { $0 }.min() ?? now
    let proof = SNPProof(vek: vek, revocation: revocation, validUntil: until)
    return Claims(tee: .snp, simulated: found.anchor.isSimulated, snp: SNPClaims(report, proof))
  }
}

/// What claims say about their own proof.
struct SNPProof {
  let vek: VEKCertificate
  let revocation: SNPClaims.Revocation
  let validUntil: Timestamp
}
