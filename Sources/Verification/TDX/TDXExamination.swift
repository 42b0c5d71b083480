import Bytes
import Cryptography
import Evidence

/// The checks of one TDX quote.
///
/// Order: what costs nothing first, then what Intel signed, then the quote's own signatures from the platform's key down;
/// the levels of the TCB are read last, out of proved bytes.
struct TDXExamination: Examination {
  static let checks: [(name: CheckName, check: Check)] = [
    (.reportData, { (e) throws(Refusal) in try e.checkReportData() }),
    (.hostData, { (e) throws(Refusal) in try e.checkInitData() }),
    (.quotingEnclave, { (e) throws(Refusal) in try e.checkVendor() }),
    (.endorsements, { (e) throws(Refusal) in try e.findEndorsements() }),
    (.platform, { (e) throws(Refusal) in try e.checkPlatform() }),
    (.time, { (e) throws(Refusal) in try e.checkTime() }),
    (.chain, { (e) throws(Refusal) in try e.checkChain() }),
    (.revocation, { (e) throws(Refusal) in try e.checkRevocation() }),
    (.tcbInfo, { (e) throws(Refusal) in try e.checkTCBInfo() }),
    (.enclaveIdentity, { (e) throws(Refusal) in try e.checkIdentity() }),
    (.evaluation, { (e) throws(Refusal) in try e.checkEvaluation() }),
    (.enclaveSignature, { (e) throws(Refusal) in try e.checkEnclaveSignature() }),
    (.attestationKey, { (e) throws(Refusal) in try e.checkAttestationKey() }),
    (.enclave, { (e) throws(Refusal) in try e.checkEnclave() }),
    (.signature, { (e) throws(Refusal) in try e.checkSignature() }),
    (.module, { (e) throws(Refusal) in try e.checkModule() }),
    (.eventLog, { (e) throws(Refusal) in try e.checkEventLog() }),
  ]

  static let strictChecks: [CheckName] = [.tcb, .debug, .migration, .attributes, .serviceTD, .features]

  let quote: TDXQuote
  let eventLog: MeasurementLog?
  let endorsements: Endorsements
  /// 64 bytes; `nil` only for people who look without an expectation.
  let reportData: [UInt8]?
  /// 48 bytes.
  let initData: [UInt8]?
  let anchors: Anchors
  let now: Timestamp
  let floors: EvaluationFloors

  var ignoresDates = false
  var explains = false
  var ignoresRevocation = false

  /// The certificates of the quote; `nil` when the platform was proved before.
  var carried: CarriedChain?
  var pck: PCKCertificate?
  var tcbInfos: [IntelDocument] = []
  var identities: [IntelDocument] = []
  var platform: ProvedPCK?
  /// What stands against the platform beside its chain.
  var revocationRefusal: Refusal?
  var tcbInfo: ProvedDocument<TCBInfo>?
  var identity: ProvedDocument<QEIdentity>?
  var replay: EventLogReplay?

  init(
    _ evidence: TDXEvidence, _ endorsements: Endorsements, reportData: [UInt8]?, initData: [UInt8]?, anchors: Anchors,
    now: Timestamp, floors: EvaluationFloors
  ) {
    quote = evidence.quote
    eventLog = evidence.eventLog
    self.endorsements = endorsements
    self.reportData = reportData
    self.initData = initData
    self.anchors = anchors
    self.now = now
    self.floors = floors
  }

  var body: TDReport { quote.body }
  var moment: VerificationMoment { ignoresDates ? .ignoringDates : .now(now) }
  var prover: CollateralProver {
    CollateralProver(endorsements, anchors: anchors, ignoresRevocation: ignoresRevocation)
  }

  var isSimulated: Bool {
    [platform?.path.anchor, tcbInfo?.signer.anchor, identity?.signer.anchor].contains { $0?.isSimulated ?? false }
  }

  var claims: Claims? {
    guard let platform, let tcbInfo, let identity,
      let tcb = try? TCBEvaluation(body, platform.pck, tcbInfo.value, quote.enclave, identity.value)
    else { return nil }
    let proof = TDXProof(
      platform: platform, tcbInfo: tcbInfo, identity: identity, tcb: tcb, replay: replay,
      isRevocationChecked: revocationRefusal == nil && !ignoresRevocation)
    let basis = ProofBasis(
      [platform.path.chain, tcbInfo.signer.chain, identity.signer.chain], lists: [],
      documents: [tcbInfo.digest, identity.digest], of: endorsements)
    return Claims(simulated: isSimulated, platform: .tdx(TDXClaims(quote, proof)), basis: basis)
  }
}

/// A document's content with the proof of its signature.
struct ProvedDocument<Content: Sendable & Equatable>: Sendable {
  let value: Content
  let digest: [UInt8]
  let signer: ProvedPath
}

/// What claims say about their own proof.
struct TDXProof {
  let platform: ProvedPCK
  let tcbInfo: ProvedDocument<TCBInfo>
  let identity: ProvedDocument<QEIdentity>
  let tcb: TCBEvaluation
  let replay: EventLogReplay?
  let isRevocationChecked: Bool

  /// When the first of the certificates, lists and documents runs out.
  var validUntil: Timestamp {
    let paths = [platform.path, tcbInfo.signer, identity.signer]
    let ends =
      paths.compactMap { $0.chain.validity?.upperBound } + [tcbInfo.value.nextUpdate, identity.value.nextUpdate]
    return ends.min() ?? 0
  }
}
