import Bytes
import Cryptography
import Evidence

// Comparisons of the quote's fields with the session, with what Intel signed and with each other; the quote's signatures.
extension TDXExamination {
  /// Both sides are 64 bytes; nothing is padded or cut here.
  func checkReportData() throws(Refusal) -> Outcome {
    guard let reportData else { return .notApplicable("no expected value given") }
    guard reportData.count == 64, constantTimeEquals(body.reportData, reportData) else {
      throw Refusal(
        .reportDataMismatch, "reportData", got: Hex.encode(body.reportData), wanted: Hex.encode(reportData))
    }
    return passed("equals the expected value")
  }

  func checkInitData() throws(Refusal) -> Outcome {
    guard let initData else { return .notApplicable("no init-data given") }
    guard initData.count == 48, constantTimeEquals(body.mrConfigID, initData) else {
      throw Refusal(.hostDataMismatch, "mrConfigID", got: Hex.encode(body.mrConfigID), wanted: Hex.encode(initData))
    }
    return passed("MRCONFIGID equals the init-data digest")
  }

  func checkVendor() throws(Refusal) -> Outcome {
    guard quote.vendorID == TDXQuote.intelVendorID else {
      throw Refusal(
        .quotingEnclaveUnknown, "quote.vendorID", got: Hex.encode(quote.vendorID),
        wanted: Hex.encode(TDXQuote.intelVendorID))
    }
    return passed("Intel's")
  }

  /// The quoting enclave's report, by the platform's certified key.
  func checkEnclaveSignature() throws(Refusal) -> Outcome {
    guard let platform else { return .notReached }
    guard platform.pck.key.isValidECDSA(raw: quote.enclaveSignature, for: quote.enclave.bytes, hash: .sha256) else {
      throw Refusal(.enclaveSignatureInvalid, "enclave.signature")
    }
    return passed("ECDSA P-256, SHA-256")
  }

  /// The enclave's report data hold the digest of the attestation key and of what came with it, and zeros behind it.
  func checkAttestationKey() throws(Refusal) -> Outcome {
    let digest = Hash.sha256.digest(quote.attestationKey + quote.authenticationData)
    guard quote.enclave.reportData == digest + [UInt8](repeating: 0, count: 32) else {
      throw Refusal(.attestationKeyMismatch, "enclave.reportData")
    }
    return passed("the enclave vouches for it")
  }

  /// The enclave is the one that Intel's identity describes. How current it is, the TCB says.
  func checkEnclave() throws(Refusal) -> Outcome {
    guard let identity = identity?.value else { return .notReached }
    let enclave = quote.enclave
    func require(_ isRight: Bool, _ field: String, _ got: [UInt8], _ wanted: [UInt8]) throws(Refusal) {
      guard isRight else {
        throw Refusal(.enclaveMismatch, "enclave.\(field)", got: Hex.encode(got), wanted: Hex.encode(wanted))
      }
    }
    try require(
      masked(enclave.miscSelect, identity.miscSelectMask) == identity.miscSelect, "miscSelect", enclave.miscSelect,
      identity.miscSelect)
    try require(
      masked(enclave.attributes, identity.attributesMask) == identity.attributes, "attributes", enclave.attributes,
      identity.attributes)
    guard !enclave.isDebug else { throw Refusal(.enclaveMismatch, "enclave.attributes.debug", got: "1", wanted: "0") }
    try require(enclave.mrSigner == identity.mrSigner, "mrSigner", enclave.mrSigner, identity.mrSigner)
    guard enclave.isvProdID == identity.isvProdID else {
      throw Refusal(
        .enclaveMismatch, "enclave.isvProdID", got: "\(enclave.isvProdID)", wanted: "\(identity.isvProdID)")
    }
    return passed("TD_QE, ISVSVN \(enclave.isvSVN)")
  }

  /// The quote's own signature over the bytes as received.
  func checkSignature() throws(Refusal) -> Outcome {
    guard
      let point = try? ECPublicKey(
        curve: .p256, x: Array(quote.attestationKey[..<32]), y: Array(quote.attestationKey[32...])),
      let key = try? point.verifyingKey
    else { throw Refusal(.attestationKeyMismatch, "quote.attestationKey", got: "no point of P-256") }
    guard key.isValidECDSA(raw: quote.signature, for: Array(quote.signedBytes), hash: .sha256) else {
      throw Refusal(.signatureInvalid, "quote.signature")
    }
    return passed("ECDSA P-256, SHA-256")
  }

  /// The TDX module is one that Intel's TCB info knows, and is Intel's.
  func checkModule() throws(Refusal) -> Outcome {
    guard let info = tcbInfo?.value else { return .notReached }
    for svn in [body.teeTCBSVN, body.teeTCBSVN2].compactMap({ $0 }) { try info.checkModule(svn, of: body) }
    return passed("module \(body.teeTCBSVN[1]), ISVSVN \(body.teeTCBSVN[0])")
  }

  /// Every register that the log speaks of holds what the log leads to.
  mutating func checkEventLog() throws(Refusal) -> Outcome {
    guard let eventLog else { return .notApplicable("no event log came with the quote") }
    let replay = EventLogReplay(eventLog, registers: body.rtmr)
    for register in replay.states.indices where replay.states[register] == .differs {
      throw Refusal(
        .eventLogMismatch, "rtmr\(register)", got: Hex.encode(replay.values[register]),
        wanted: Hex.encode(body.rtmr[register]))
    }
    self.replay = replay
    return passed(replay.summary)
  }
}

/// Each byte of `value` under the mask.
func masked(_ value: [UInt8], _ mask: [UInt8]) -> [UInt8] { zip(value, mask).map { $0 & $1 } }

extension TCBInfo {
  /// The identity of the module that a TEE_TCB_SVN names; `nil` when Intel describes none.
  func module(of svn: [UInt8]) -> Module? {
    guard svn[1] > 0 else { return module }
    let wanted = "TDX_" + Hex.encode([svn[1]])
    return modules.first { $0.id?.lowercased() == wanted.lowercased() }
  }

  /// - Throws: `moduleMismatch` for a module that is not described, or not signed and configured as described.
  func checkModule(_ svn: [UInt8], of body: TDReport) throws(Refusal) {
    guard let module = module(of: svn) else {
      let known = modules.compactMap(\.id).joined(separator: ", ")
      throw Refusal(.moduleMismatch, "teeTCBSVN", got: "TDX_\(Hex.encode([svn[1]]))", wanted: known)
    }
    guard body.mrSignerSeam == module.mrSigner else {
      throw Refusal(
        .moduleMismatch, "mrSignerSeam", got: Hex.encode(body.mrSignerSeam), wanted: Hex.encode(module.mrSigner))
    }
    guard masked(body.seamAttributes, module.attributesMask) == module.attributes,
      body.seamAttributes.allSatisfy({ $0 == 0 })
    else {
      throw Refusal(
        .moduleMismatch, "seamAttributes", got: Hex.encode(body.seamAttributes), wanted: Hex.encode(module.attributes))
    }
  }
}
