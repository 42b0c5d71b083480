import Bytes
import Cryptography
import Evidence

/// The checks of one SEV-SNP report.
///
/// Order: what costs nothing first, so that a stranger's report reaches an RSA or P-384 operation only when everything
/// else about it fits.
struct SNPExamination: Examination {
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

  static let strictChecks: [CheckName] = [.debug, .migration, .policy, .vmpl, .platformInfo]

  let evidence: SNPEvidence
  let endorsements: Endorsements
  /// 64 bytes; `nil` only for people who look without an expectation.
  let reportData: [UInt8]?
  let hostData: [UInt8]?
  let anchors: Anchors
  let now: Timestamp
  let floors: EvaluationFloors

  var vek: VEKCertificate?
  var intermediates: [Certificate] = []
  var revocationLists: [CertificateRevocationList] = []
  var found: (chain: VerifiedChain, anchor: Anchor)?
  /// Proved before, for this very choice of certificates and lists.
  var known: ProvedVEK?
  /// No other certificate at hand fits the report.
  var isOnlyChoice = false
  var enforced: [CertificateRevocationList] = []
  var revocation = SNPClaims.Revocation.unavailable
  /// When the enforced lists run out.
  var revocationUntil: Timestamp?
  var ignoresDates = false
  var explains = false
  var ignoresRevocation = false

  init(
    _ evidence: SNPEvidence, _ endorsements: Endorsements, reportData: [UInt8]?, hostData: [UInt8]?, anchors: Anchors,
    now: Timestamp, floors: EvaluationFloors
  ) {
    self.evidence = evidence
    self.endorsements = endorsements
    self.reportData = reportData
    self.hostData = hostData
    self.anchors = anchors
    self.now = now
    self.floors = floors
  }

  var report: SNPReport { evidence.report }
  var isSimulated: Bool { found?.anchor.isSimulated ?? false }

  var claims: Claims? {
    guard let vek, let found else { return nil }
    let until = [found.chain.validity?.upperBound, revocationUntil].compactMap { $0 }.min() ?? now
    let proof = SNPProof(vek: vek, revocation: revocation, validUntil: until)
    let basis = ProofBasis([found.chain], lists: enforced, documents: [], of: endorsements)
    return Claims(simulated: isSimulated, platform: .snp(SNPClaims(report, proof)), basis: basis)
  }
}

/// What claims say about their own proof.
struct SNPProof {
  let vek: VEKCertificate
  let revocation: SNPClaims.Revocation
  let validUntil: Timestamp
}
