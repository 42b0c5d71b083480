import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

// The catalogue of forged quotes and collateral, by its numbers. A forger holds any key but Intel's here, or Intel signed
// something else than what is needed.
extension EvidenceNegatives {
  typealias TDXCase = (
    name: String, edit: (inout SimulatedTDX) -> Void, code: Refusal.Code
  )

  private func expect(_ cases: [TDXCase]) {
    for (name, edit, wanted) in cases {
      let code = with(.current(), edit).judged()?.code
      #expect(code == wanted, "\(name): \(code?.rawValue ?? "accepted")")
    }
  }

  /// Refused for the right reason with these carriers.
  private func expect(
    _ name: String, _ endorsements: Endorsements, _ wanted: Refusal.Code, at time: Timestamp = now
  ) {
    let code = SimulatedTDX.current().judged(with: endorsements, at: time)?.code
    #expect(code == wanted, "\(name): \(code?.rawValue ?? "accepted")")
  }

  @Test func theGuestThatIsBentIsAccepted() {
    for (name, guest) in Self.tdxGuests { #expect(guest.judged() == nil, "\(name)") }
    #expect(with(SimulatedTDX.current()) { $0.platform.authority = .processor }.judged() == nil)
    #expect(with(SimulatedTDX.current()) { $0.paddedTo = 8000 }.judged() == nil)
    #expect(with(SimulatedTDX.current()) { $0.endsWithNUL = false }.judged() == nil)
    #expect(with(SimulatedTDX.current()) { $0.measure(.booted) }.judged() == nil)
  }

  @Test func n1ToN4WhoSignsWhat() {
    expect([
      ("N1 body by another key", { $0.bodySigningKey = SimulatedIntelKeys.stranger }, .signatureInvalid),
      ("N1 body patched", { $0.patches = [$0.bodyOffset + 376: [1]] }, .signatureInvalid),
      (
        "N2 a key of one's own",
        { guest in
          let digest = guest.intel.keys.attestation
          guest.attestationKey = SimulatedIntelKeys.stranger
          guest.qeReport.reportData = Hash.sha256.digest(digest) + [UInt8](repeating: 0, count: 32)
        }, .attestationKeyMismatch
      ),
      ("N2 no point of the curve", { $0.patches = [$0.signatureOffset + 64: [1, 2, 3]] }, .attestationKeyMismatch),
      ("N3 authentication data", { $0.patches = [$0.signatureOffset + 584: [9]] }, .attestationKeyMismatch),
      ("N3 something behind the digest", { $0.useReportDataTail() }, .attestationKeyMismatch),
      ("N4 report by another key", { $0.qeSigningKey = SimulatedIntelKeys.stranger }, .enclaveSignatureInvalid),
      ("N4 report by Intel's other key", { $0.qeSigningKey = $0.intel.keys.tcbSigning }, .enclaveSignatureInvalid),
      ("another vendor", { $0.qeVendorID[3] ^= 1 }, .quotingEnclaveUnknown),
    ])
  }

  @Test func n5N6TheChainIsTheOneChain() throws {
    let other = SimulatedIntel(keys: .generate())
    let leaf = SimulatedIntel().pckTemplate(SimulatedPlatform()).der
    expect([
      ("N5 another root", { $0 = SimulatedTDX(issuedAt: collateralDate, keys: other.keys) }, .chainUntrusted),
      ("N5 only the root is another", { $0.editChain = { $0[2] = other.root } }, .chainUntrusted),
      (
        "N5 the issuer is another",
        { $0.editChain = { $0[1] = other.authority(.platform) } }, .chainUntrusted
      ),
      ("N6 shuffled", { $0.editChain = { $0.swapAt(0, 1) } }, .certificateMalformed),
      ("N6 root before issuer", { $0.editChain = { $0.swapAt(1, 2) } }, .chainInvalid),
      ("N6 one too many", { $0.editChain = { $0.append($0[2]) } }, .chainInvalid),
      ("N6 two leafs", { $0.editChain = { $0.insert(leaf, at: 1) } }, .chainInvalid),
      ("N6 leaf for issuer", { $0.editChain = { $0[1] = leaf } }, .chainInvalid),
      ("N6 leaf alone", { $0.editChain = { $0 = [$0[0]] } }, .chainInvalid),
      ("N6 no root", { $0.editChain = { $0.removeLast() } }, .chainInvalid),
      ("N6 the leaf is an authority", { $0.editPCK = { $0.isAuthority = true } }, .chainInvalid),
      ("N6 forged", { $0.editPCK = { $0.forgingKey = SimulatedIntelKeys.stranger } }, .chainSignatureInvalid),
      (
        "N6 signed by the root", { $0.editPCK = { $0.forgingKey = SimulatedIntelKeys.shared.root } },
        .chainSignatureInvalid
      ),
      ("N6 of the root", { $0.editPCK = { $0.issuerKey = SimulatedIntelKeys.shared.root } }, .chainUntrusted),
      ("N6 with SHA-384", { $0.editPCK = { $0.signature = .ecdsaSHA384 } }, .chainInvalid),
      ("N6 of P-384", { $0.editPCK = { $0.subjectPublicKeyInfo = Self.p384 } }, .certificateMalformed),
      ("N6 expired", { $0.editPCK = { $0.notAfter = now } }, .certificateExpired),
      ("N6 not yet valid", { $0.editPCK = { $0.notBefore = now.adding(.seconds(1)) } }, .certificateNotYetValid),
      ("N6 another subject", { $0.editPCK = { $0.subject = .intel("Intel SGX PCK") } }, .certificateMalformed),
      ("N6 another issuer", { $0.editPCK = { $0.issuer = SimulatedIntel.rootName } }, .certificateMalformed),
    ])
  }

  @Test func n7N8Revocation() throws {
    let guest = SimulatedTDX.current()
    for index in [0, 1] {
      let serial: UInt64 = index == 0 ? 0x1001 : 2
      let list: WritableKeyPath<SimulatedCollateral, SimulatedRevocationList> = index == 0 ? \.pckLists[0] : \.rootList
      let file = index == 0 ? "pck-crl-platform.der" : "root-crl.der"
      func changed(_ change: (inout SimulatedRevocationList) -> Void) -> Endorsements {
        with(guest.collateral) { change(&$0[keyPath: list]) }.endorsements()
      }
      expect("N7 revoked", changed { $0.revokedSerials = [7, serial] }, .certificateRevoked)
      expect("N8 missing", guest.collateral.endorsements(without: [file]), .collateralMissing)
      expect("N8 forged", changed { $0.forgingKey = SimulatedIntelKeys.stranger }, .revocationListInvalid)
      expect("N8 of another key", changed { $0.issuerKey = SimulatedIntelKeys.stranger }, .revocationListInvalid)
      expect("N8 expired", changed { $0.nextUpdate = now }, .revocationListExpired)
      expect("N8 future", changed { $0.thisUpdate = now.adding(.seconds(1)) }, .revocationListNotYetValid)
      expect("N8 endless", changed { $0.nextUpdate = nil }, .revocationListExpired)
      expect("N8 of another issuer", changed { $0.issuer = SimulatedIntel.signerName }, .collateralMissing)
    }
    let signer = with(guest.collateral) { $0.rootList.revokedSerials = [4] }
    expect("N7 the signer", signer.endorsements(), .certificateRevoked)
  }

  @Test func n9ToN13TheDocuments() throws {
    let guest = SimulatedTDX.current()
    func changed(_ change: (inout SimulatedCollateral) -> Void) -> Endorsements {
      with(guest.collateral, change).endorsements()
    }
    let stranger = SimulatedIntelKeys.stranger
    expect("N9 expired", changed { $0.tcbInfo.nextUpdate = now }, .collateralExpired)
    expect("N9 future", changed { $0.tcbInfo.issueDate = now.adding(.seconds(1)) }, .collateralNotYetValid)
    expect("N9 expired", changed { $0.qeIdentity.nextUpdate = now }, .collateralExpired)
    expect("N9 future", changed { $0.qeIdentity.issueDate = now.adding(.seconds(1)) }, .collateralNotYetValid)
    expect("N9 other key", changed { $0.editTCBInfo = { $0.key = stranger } }, .collateralSignatureInvalid)
    expect("N9 other key", changed { $0.editQEIdentity = { $0.key = stranger } }, .collateralSignatureInvalid)
    expect("N9 signer expired", changed { $0.signer.notAfter = now }, .certificateExpired)
    expect("N9 signer forged", changed { $0.signer.forgingKey = stranger }, .chainSignatureInvalid)
    expect("N9 signer of another root", changed { $0.signer.issuerKey = stranger }, .chainSignatureInvalid)
    expect("N9 signer of another name", changed { $0.signer.subject = .intel("TCB Signing") }, .collateralMissing)
    for file in ["tcb-info.json", "qe-identity.json", "tcb-signing.der"] {
      expect("N9 missing", guest.collateral.endorsements(without: [file]), .collateralMissing)
    }
    expect("N10 FMSPC", changed { $0.tcbInfo.fmspc[5] ^= 1 }, .collateralMismatch)
    expect("N10 PCEID", changed { $0.tcbInfo.pceID[1] ^= 1 }, .collateralMismatch)
    expect("N11 SGX", changed { $0.tcbInfo.id = "SGX" }, .collateralMismatch)
    expect("N11 version", changed { $0.tcbInfo.version = 2 }, .collateralMalformed)
    expect("N11 type", changed { $0.tcbInfo.tcbType = 1 }, .collateralMalformed)
    expect("N12 QE", changed { $0.qeIdentity.id = "QE" }, .collateralMismatch)
    expect("N12 version", changed { $0.qeIdentity.version = 1 }, .collateralMalformed)
    let floors = [EvaluationFloors(minimum: 20), EvaluationFloors(seen: [guest.platform.fmspc: 20])]
    for floors in floors { #expect(guest.judged(floors: floors)?.code == .evaluationTooOld) }
    #expect(guest.judged(floors: EvaluationFloors(minimum: 19)) == nil)
  }

  @Test func n14N15EnclaveAndModule() {
    expect([
      ("N14 debugged", { $0.qeReport.attributes[0] |= 2 }, .enclaveMismatch),
      (
        "N14 debugged, by an identity that allows it",
        {
          $0.qeReport.attributes[0] |= 2
          $0.collateral.qeIdentity.attributesMask[0] = 0xF9
        }, .enclaveMismatch
      ),
      ("N14 signer", { $0.qeReport.mrSigner[0] ^= 1 }, .enclaveMismatch),
      ("N14 product", { $0.qeReport.isvProdID = 1 }, .enclaveMismatch),
      ("N14 features", { $0.qeReport.miscSelect[0] = 1 }, .enclaveMismatch),
      ("N14 of no level", { $0.qeReport.isvSVN = 1 }, .tcbNotUpToDate),
      ("N15 unknown module", { $0.teeTCBSVN[1] = 2 }, .moduleMismatch),
      ("N15 nested version", { $0.collateral.tcbInfo.modules = [] }, .moduleMismatch),
      ("N15 signer", { $0.mrSignerSEAM[47] = 1 }, .moduleMismatch),
      ("N15 attributes", { $0.seamAttributes = 1 }, .moduleMismatch),
      (
        "N15 attributes that the mask hides",
        {
          $0.seamAttributes = 1
          $0.collateral.tcbInfo.modules[1].attributesMask[0] = 0xFE
        }, .moduleMismatch
      ),
      ("N15 module without a level", { $0.teeTCBSVN[0] = 1 }, .tcbNotUpToDate),
    ])
  }

  @Test func n17Attributes() {
    let known: [Int: Refusal.Code] = [
      17: .serviceTDBound, 29: .migrationAllowed, 62: .partitioningAware, 63: .performanceMonitored,
    ]
    let allowed: Set<Int> = [16, 27, 28, 30, 31]
    for bit in 0..<64 where !allowed.contains(bit) {
      let code = bit < 8 ? Refusal.Code.debugEnabled : known[bit] ?? .attributesUnknownBits
      expect([("N17 bit \(bit)", { $0.tdAttributes |= 1 << UInt64(bit) }, code)])
    }
    for bit in allowed { #expect(with(SimulatedTDX.current()) { $0.tdAttributes |= 1 << UInt64(bit) }.judged() == nil) }
    expect([
      ("N17 SEPT", { $0.tdAttributes = 0 }, .septVEEnabled), ("N17 x87", { $0.xfam &= ~1 }, .featuresMissing),
      ("N17 SSE", { $0.xfam &= ~2 }, .featuresMissing),
      (
        "N17 service TD",
        {
          $0.useVersion5()
          $0.mrServiceTD[0] = 1
        }, .serviceTDBound
      ),
    ])
  }

  private static let p384 = SimulatedKeys.publicKey(of: SimulatedKeys.shared.vcek)
}

extension SimulatedTDX {
  /// The digest that is right, and something in the zeros behind it.
  fileprivate mutating func useReportDataTail() {
    let key = Array(SimulatedKeys.publicKey(of: attestationKey).suffix(64))
    let tail = [UInt8](repeating: 0, count: 31) + [1]
    qeReport.reportData = Hash.sha256.digest(key + authenticationData) + tail
  }
}
