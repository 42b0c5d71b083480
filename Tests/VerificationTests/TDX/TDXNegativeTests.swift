import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// The catalogue of forgeries: each is refused, and for its own reason. N13 to N17 are rows of `TDX…RowTests`, N18 and N20
/// to N22 the parser's, N40 also the log's.
@Suite struct TDXNegativeTests {
  private let sample = SimulatedTDX.sample

  @Test func n1EveryByteOfHeaderAndBodyIsSigned() throws {
    let bytes = sample.quote(reportData: sessionData)
    let endorsements = sample.endorsements().proving(anchors: simulatedAnchors, at: now)
    for offset in 8..<sample.signatureOffset - 4 {
      let forged = with(bytes) { $0[offset] ^= 1 << UInt8(offset % 8) }
      let result = verify(
        .tdx(try TDXEvidence(raw: forged)), with: endorsements, binding: Binding(reportData: sessionData),
        anchors: simulatedAnchors, at: now)
      let expected: Refusal.Code =
        switch offset {
        case 12..<28: .quotingEnclaveUnknown
        case (48 + 520)..<(48 + 584): .reportDataMismatch
        default: .signatureInvalid
        }
      #expect(result.refusal?.code == expected, "byte \(offset)")
    }
  }

  @Test func n2ToN4KeyDataAndReportAreBound() throws {
    let start = sample.signatureOffset
    let cases: [(Range<Int>, Refusal.Code)] = [
      (start..<start + 64, .signatureInvalid), (start + 64..<start + 128, .attestationKeyMismatch),
      (start + 134..<start + 518, .enclaveSignatureInvalid), (start + 518..<start + 582, .enclaveSignatureInvalid),
      (start + 584..<start + 616, .attestationKeyMismatch),
    ]
    let bytes = sample.quote(reportData: sessionData)
    let endorsements = sample.endorsements().proving(anchors: simulatedAnchors, at: now)
    for (range, code) in cases {
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 5) {
        let forged = with(bytes) { $0[offset] ^= 0x10 }
        let result = verify(
          .tdx(try TDXEvidence(raw: forged)), with: endorsements, binding: Binding(reportData: sessionData),
          anchors: simulatedAnchors, at: now)
        #expect(result.refusal?.code == code, "byte \(offset)")
      }
    }
  }

  @Test func n2AKeyThatIsNoPointIsRefused() throws {
    let zero = [UInt8](repeating: 0, count: 64)
    let binding = { (auth: [UInt8]) in Hash.sha256.digest(zero + auth) + [UInt8](repeating: 0, count: 32) }
    let pointless = guest {
      $0.qeReport.reportData = binding($0.authenticationData)
      $0.patches[$0.signatureOffset + 64] = zero
    }
    #expect(try pointless.refusal() == "attestationKeyMismatch quote.attestationKey")
  }

  @Test func n2SignaturesOutsideTheCurveAreRefused() throws {
    let order = try Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "n")
    for offset in [0, 32] {
      for half in [order, [UInt8](repeating: 0, count: 32)] {
        let other = guest { $0.patches[$0.signatureOffset + offset] = half }
        #expect(try other.refusalCode() == .signatureInvalid)
        let enclave = guest { $0.patches[$0.signatureOffset + 518 + offset] = half }
        #expect(try enclave.refusalCode() == .enclaveSignatureInvalid)
      }
    }
  }

  @Test func n6TheChainIsLeafIssuerRootAndNothingElse() throws {
    let cases: [(String, @Sendable (inout [[UInt8]]) -> Void)] = [
      ("chainInvalid pckChain", { $0.swapAt(1, 2) }), ("certificateMalformed pck.subject", { $0.swapAt(0, 1) }),
      ("chainInvalid pckChain", { $0.append($0[2]) }), ("chainInvalid pckChain", { $0.insert($0[0], at: 0) }),
      ("chainInvalid pckChain", { $0[1] = $0[0] }), ("chainInvalid pckChain", { $0.removeSubrange(1...) }),
      ("chainUntrusted root", { $0[2] = $0[1] }), ("certificateMalformed pck.subject", { $0.reverse() }),
      // Nobody trusts the root that comes along, and still a quote has it.
      ("chainInvalid pckChain", { $0.removeLast() }),
    ]
    for (index, (expected, change)) in cases.enumerated() {
      #expect(try guest { $0.editChain = change }.refusal() == expected, "\(index)")
    }
  }

  @Test func n6ALeafMayNotIssue() throws {
    #expect(try guest { $0.editPCK = { $0.isAuthority = true } }.refusal() == "chainInvalid pck")
  }

  @Test func n6TheLeafIsAPCKCertificate() throws {
    let cases: [(String, @Sendable (inout SimulatedCertificate) -> Void)] = [
      ("certificateMalformed pck.subject", { $0.subject = .intel("Intel SGX TCB Signing") }),
      ("certificateMalformed pck.issuer", { $0.issuer = .intel("Intel SGX Root CA") }),
      ("chainUntrusted pck", { $0.issuerKey = SimulatedIntelKeys.stranger }),
      (
        "certificateMalformed pck.key", { $0.subjectPublicKeyInfo = SimulatedKeys.publicKey(of: SimulatedKeys.rsa2048) }
      ),
      ("chainInvalid pck", { $0.signature = .ecdsaSHA384 }),
    ]
    for (expected, change) in cases {
      let refusal = try guest { $0.editPCK = change }.refusal()
      #expect(refusal == expected)
    }
  }

  @Test func n7RevokedCertificatesAreRefused() throws {
    #expect(try guest { $0.collateral.pckLists[0].revokedSerials = [1, 0x1001] }.refusal() == "certificateRevoked pck")
    #expect(try guest { $0.collateral.rootList.revokedSerials = [2] }.refusal() == "certificateRevoked pckIssuer")
    #expect(try guest { $0.collateral.rootList.revokedSerials = [3] }.refusal() == nil)
    #expect(try guest { $0.collateral.pckLists[1].revokedSerials = [0x1001] }.refusal() == nil)
  }

  @Test func n8ListsOfOthersAreNoLists() throws {
    let byStranger = guest { $0.collateral.pckLists[0].issuerKey = SimulatedIntelKeys.stranger }
    let refusal = try byStranger.refusal()
    #expect(refusal == "revocationListInvalid pck")
    let rootByStranger = guest { $0.collateral.rootList.issuerKey = SimulatedIntelKeys.stranger }
    #expect(try rootByStranger.refusal() == "revocationListInvalid pckIssuer")
    let ofOther = guest { $0.collateral.pckLists[0] = $0.collateral.pckLists[1] }
    #expect(try ofOther.refusal() == "collateralMissing pck")
  }

  @Test func n8AForgedListCannotHideAGenuineOne() throws {
    let forged = guest {
      $0.collateral.pckLists[0].issuerKey = SimulatedIntelKeys.stranger
      $0.collateral.pckLists[0].thisUpdate = now.adding(.seconds(-1))
    }.collateral.pckLists[0].der
    let both = sample.endorsements { $0.append(("forged.der", forged)) }
    #expect(try sample.refusal(with: both) == nil)
    let revoking = guest { $0.collateral.pckLists[0].revokedSerials = [0x1001] }
    let bothRevoking = revoking.endorsements { $0.append(("forged.der", forged)) }
    #expect(try revoking.refusal(with: bothRevoking) == "certificateRevoked pck")
  }

  @Test func n8AnOlderListCannotHideWhatANewerOneRevokes() throws {
    let older = issued.adding(.seconds(-86_400))
    let revokings: [(String, (inout SimulatedTDX) -> Void)] = [
      ("certificateRevoked pck", { $0.collateral.pckLists[0].revokedSerials = [0x1001] }),
      ("certificateRevoked pckIssuer", { $0.collateral.rootList.revokedSerials = [2] }),
      ("certificateRevoked tcbSigning", { $0.collateral.rootList.revokedSerials = [4] }),
    ]
    let innocent = guest {
      $0.collateral.pckLists[0].thisUpdate = older
      $0.collateral.rootList.thisUpdate = older
    }.collateral
    for (expected, revoke) in revokings {
      let revoked = guest(revoke)
      let both = revoked.endorsements { files in
        files.insert(("old-pck.der", innocent.pckLists[0].der), at: 0)
        files.insert(("old-root.der", innocent.rootList.der), at: 0)
      }
      #expect(try revoked.refusal(with: both) == expected)
    }
  }

  @Test func n8AListThatHasRunOutIsPassedOverForOneThatHasNot() throws {
    let old = guest {
      $0.collateral.pckLists[0].thisUpdate = issued.adding(.seconds(-60 * 86_400))
      $0.collateral.pckLists[0].nextUpdate = issued.adding(.seconds(-30 * 86_400))
    }.collateral.pckLists[0].der
    #expect(try sample.refusal(with: sample.endorsements { $0.insert(("old.der", old), at: 0) }) == nil)
  }

  @Test func n10ForeignFamiliesAreMissingCollateralAmongMany() throws {
    let others = (1...2).map { index in
      guest { $0.collateral.tcbInfo.fmspc[0] ^= UInt8(index) }.collateral.tcbInfoDocument
    }
    let bag = sample.endorsements {
      $0.removeAll { $0.name == "tcb-info.json" }
      $0 += others.map { ("other.json", $0) }
    }
    #expect(try sample.refusal(with: bag) == "collateralMissing tcbInfo")
  }

  @Test func n19DocumentsHaveOneForm() throws {
    func document(_ change: @escaping @Sendable (inout SimulatedDocument) -> Void) throws -> String? {
      try guest { $0.collateral.editTCBInfo = change }.refusal()
    }
    #expect(try document { $0.editSignature = { $0 = $0.uppercased() } } == "collateralMalformed tcbInfo.signature")
    #expect(try document { $0.editSignature = { $0.removeLast() } } == "collateralMalformed tcbInfo.signature")
    #expect(try document { $0.editSignature = { $0.append("0") } } == "collateralMalformed tcbInfo.signature")
    #expect(try document { $0.editSignature = { $0 += "00" } } == "collateralMalformed tcbInfo.signature")
    #expect(try document { $0.editDocument = { $0 = "\u{FEFF}" + $0 } } == "collateralMissing tcbInfo")
    #expect(try document { $0.editDocument = { $0 += "}" } } == "collateralMalformed json")
    #expect(
      try document { $0.editDocument = { $0 = $0.replacing("\"signature\"", with: "\"Signature\"") } }
        == "collateralMissing tcbInfo")
    #expect(
      try document { $0.editDocument = { $0 = $0.replacing("}", with: "\r\n}") } }
        == "collateralMalformed tcbInfo.lineEnd")
    for end in ["\r\n", "\r", "\n\r\n"] {
      #expect(try document { $0.editDocument = { $0 += end } } == "collateralMalformed tcbInfo.lineEnd")
    }
    #expect(
      try document { $0.editDocument = { $0 = $0.replacing(",\"sig", with: ",\r\n\"sig") } }
        == "collateralMalformed tcbInfo.lineEnd")
    #expect(
      try document { $0.editText = { $0 = $0.replacing(",", with: ",\r\n") } }
        == "collateralMalformed tcbInfo.lineEnd")
    #expect(try document { $0.editDocument = { $0 = $0.replacing(",\"sig", with: " ,\n\t\"sig") + "\n" } } == nil)
    // A second value of the same name, before or after the signed one.
    #expect(
      try document {
        $0.editDocument = { $0.insert(contentsOf: "\"tcbInfo\":{},", at: $0.index(after: $0.startIndex)) }
      } == "collateralMalformed json")
  }

  @Test func n19NothingIdleStandsBesideASignature() throws {
    func with(_ member: String) throws -> String? {
      try guest {
        $0.collateral.editTCBInfo = { $0.editDocument = { $0 = "\($0.dropLast()),\(member)}" } }
      }.refusal()
    }
    for member in [
      "\"x\":1", "\"x\":\"text\"", "\"x\":null", "\"x\":{}", "\"x\":[]", "\"fmspc\":\"000000000000\"",
      "\"Signature\":\"00\"", "\"x_signature\":\"00\"", "\"_signature\":\"00\"",
    ] {
      #expect(try with(member) == "collateralMalformed tcbInfo.sibling", "\(member)")
    }
    // What tools add: the chain of the answer's header.
    let chain = CanonicalJSON.encode(.string(PEM.encode("CERTIFICATE", sample.collateral.signer.der)))
    #expect(try with("\"tcbInfoIssuerChain\":\(String(decoding: chain, as: UTF8.self))") == nil)
  }

  @Test func n19StatusesAndShapesThatNobodyKnowsAreRefused() throws {
    let cases: [(inout SimulatedTCBInfo) -> Void] = [
      { $0.levels[2].verdict.status = "Fine" }, { $0.levels[0].verdict.status = "NotSupported" },
      { $0.levels[0].verdict.status = "TDRelaunchAdvised" }, { $0.levels[0].sgx.removeLast() },
      { $0.levels[0].tdx.append(0) }, { $0.levels[0].sgx[0] = 256 }, { $0.levels[0].pceSVN = 65_536 },
      { $0.levels = [] }, { $0.modules[0].levels = [] }, { $0.modules[0].id = "tdx_01" },
      { $0.levels[0].verdict.date = "yesterday" }, { $0.fmspc.removeLast() },
    ]
    for (index, change) in cases.enumerated() {
      let code = try guest { change(&$0.collateral.tcbInfo) }.refusalCode()
      #expect(code == .collateralMalformed, "\(index)")
    }
  }

  @Test func n40LogsThatTellAnotherStoryAreRefused() throws {
    let log = SimulatedEventLog.booted
    let honest = guest { $0.measure(log) }
    let cases: [(inout SimulatedEventLog) -> Void] = [
      { $0.events.swapAt(0, 2) }, { $0.events.append($0.events[2]) }, { $0.events.remove(at: 3) },
      { $0.events[0].register = 2 }, { $0.append(register: 1, type: 1, "more") },
      { $0.events[0].digests[0].bytes[0] ^= 1 }, { $0.events[0].type = SimulatedEventLog.noAction },
    ]
    for (index, change) in cases.enumerated() {
      let told = with(honest) { $0.carry(log: with(log, change).bytes) }
      #expect(try told.refusalCode() == .eventLogMismatch, "\(index)")
    }
    let remarked = with(log) { $0.append(register: 1, type: SimulatedEventLog.noAction, "extends nothing") }
    #expect(try with(honest) { $0.carry(log: remarked.bytes) }.refusal() == nil)
    // What an event says may be changed: only its digest is proved, and the claims count those that say what they are.
    let retold = with(log) { $0.events[0].data = Array("a lie".utf8) }
    let claims = try with(honest) { $0.carry(log: retold.bytes) }.tdxClaims()
    #expect(claims.eventLog?.dataProvedCount == log.events.count - 1)
    #expect(try honest.tdxClaims().eventLog?.dataProvedCount == log.events.count)
  }

  @Test func theSGXExtensionHasOneForm() throws {
    func code(_ change: @escaping @Sendable (inout [SGXMember]) -> Void) throws -> Refusal.Code? {
      try guest { $0.platform.edit = change }.refusalCode()
    }
    for index in 0..<5 { #expect(try code { $0.remove(at: index) } == .extensionInvalid, "\(index)") }
    for index in 0..<7 { #expect(try code { $0.append($0[index]) } == .extensionInvalid, "\(index)") }
    #expect(try code { $0[0].value = .octets([1]) } == .extensionInvalid)
    #expect(try code { $0[3].value = .octets([UInt8](repeating: 0, count: 7)) } == .extensionInvalid)
    #expect(try code { $0[3].value = .raw([0x04, 0x81, 0x06, 0, 0, 0, 0, 0, 0]) } == .extensionInvalid)
    #expect(try code { $0[4].value = .enumerated(3) } == .extensionInvalid)
    #expect(try code { $0[4].value = .integer(1) } == .extensionInvalid)
    #expect(try code { $0[6].value = .members([SGXMember([7, 1], .raw([0x01, 0x01, 0x01]))]) } == .extensionInvalid)
    #expect(try code { $0.append(SGXMember([9], .octets([1]))) } == nil)
    #expect(try code { $0.removeSubrange(5...) } == nil)
    #expect(try guest { $0.platform.trailing = [0] }.refusalCode() == .extensionInvalid)
    func tcb(_ change: @escaping @Sendable (inout [SGXMember]) -> Void) throws -> Refusal.Code? {
      try code { members in
        guard case .members(var list) = members[1].value else { return }
        change(&list)
        members[1].value = .members(list)
      }
    }
    for index in 0..<18 { #expect(try tcb { $0.remove(at: index) } == .extensionInvalid, "\(index)") }
    #expect(try tcb { $0[0].value = .integer(256) } == .extensionInvalid)
    #expect(try tcb { $0[0].value = .integer(-1) } == .extensionInvalid)
    #expect(try tcb { $0[0].value = .raw([0x02, 0x02, 0x00, 0x08]) } == .extensionInvalid)
    #expect(try tcb { $0[0].value = .raw([0x02, 0x01, 0x08, 0x05, 0x00]) } == .extensionInvalid)
    #expect(try tcb { $0[16].value = .integer(65_536) } == .extensionInvalid)
    #expect(try tcb { $0[0].value = .integer(200) } == nil)
    let twice = guest { $0.editPCK = { $0.extensions.append($0.extensions[0]) } }
    #expect(try twice.refusalCode() == .extensionInvalid)
    #expect(try guest { $0.editPCK = { $0.extensions = [] } }.refusalCode() == .extensionInvalid)
  }

  @Test func theBindingIsComparedInFull() throws {
    for offset in [0, 47, 48, 63] {
      let other = with(sessionData) { $0[offset] ^= 1 }
      #expect(try sample.verified(binding: Binding(reportData: other)).refusal?.code == .reportDataMismatch)
    }
    #expect(
      try sample.verified(binding: Binding(reportData: Array(sessionData.prefix(48)))).refusal?.code
        == .reportDataMismatch)
    let digest = [UInt8](1...48)
    let bound = Binding(reportData: sessionData, hostData: digest)
    #expect(try sample.verified(binding: bound).refusal?.code == .hostDataMismatch)
    #expect(try guest { $0.mrConfigID = digest }.verified(binding: bound).refusal == nil)
    let short = Binding(reportData: sessionData, hostData: Array(digest.prefix(32)))
    #expect(try guest { $0.mrConfigID = digest }.verified(binding: short).refusal?.code == .hostDataMismatch)
  }
}
