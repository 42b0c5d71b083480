import Bytes
import Cryptography
import Evidence

// Comparisons of the report's fields with the session, with the certificate and with each other.
extension SNPExamination {
  /// Both sides are 64 bytes; nothing is padded or cut here.
  func checkReportData() throws(Refusal) -> Outcome {
    guard let reportData else { return .notApplicable("no expected value given") }
    guard reportData.count == 64, constantTimeEquals(report.reportData, reportData) else {
      throw Refusal(
        .reportDataMismatch, "reportData", got: Hex.encode(report.reportData), wanted: Hex.encode(reportData))
    }
    return passed("equals the expected value")
  }

  func checkHostData() throws(Refusal) -> Outcome {
    guard let hostData else { return .notApplicable("no init-data given") }
    guard hostData.count == 32, constantTimeEquals(report.hostData, hostData) else {
      throw Refusal(.hostDataMismatch, "hostData", got: Hex.encode(report.hostData), wanted: Hex.encode(hostData))
    }
    return passed("equals the init-data digest")
  }

  /// The firmware says that it signed, and with which key.
  func checkSigningKey() throws(Refusal) -> Outcome {
    guard let kind = reportedKind else {
      throw Refusal(.signingKeyUnusable, "keyInfo.signingKey", got: "\(report.keyInfo >> 2 & 7)", wanted: "0 or 1")
    }
    guard !report.isChipKeyMasked else { throw Refusal(.signingKeyUnusable, "keyInfo.maskChipKey", got: "1") }
    return passed(kind.rawValue)
  }

  var reportedKind: SNPClaims.SigningKey? {
    switch report.signingKey {
    case .vcek: .vcek
    case .vlek: .vlek
    case .none, .reserved: nil
    }
  }

  func checkEndorsementKind() throws(Refusal) -> Outcome {
    guard let vek else { return .notReached }
    guard vek.kind == reportedKind else {
      throw Refusal(.signingKeyMismatch, "vek", got: vek.kind.rawValue, wanted: reportedKind?.rawValue)
    }
    return passed(vek.kind.rawValue)
  }

  /// The processor that the report names, the issuer's name and the certificate's own text name one product. Reports of
  /// version 2 name no processor.
  func checkProduct() throws(Refusal) -> Outcome {
    guard let vek else { return .notReached }
    if let cpu = report.cpu {
      guard let product = SNPProduct(cpu) else { throw Refusal(.productUnsupported, "cpuid", got: cpu.text) }
      guard product == vek.product else {
        throw Refusal(.productMismatch, "cpuid", got: product.rawValue, wanted: vek.product.rawValue)
      }
    }
    return passed(vek.product.rawValue)
  }

  /// A VCEK is made for one chip; a VLEK for a cloud, whose hosts may hide the chip.
  func checkChipID() throws(Refusal) -> Outcome {
    guard let vek else { return .notReached }
    guard vek.kind == .vcek else { return passed(report.isChipIDMasked ? "hidden, under a VLEK" : "under a VLEK") }
    guard !report.isChipIDMasked else { throw Refusal(.chipIDMasked, "chipID") }
    guard let hardwareID = vek.hardwareID, matchesChip(hardwareID) else {
      throw Refusal(
        .chipIDMismatch, "chipID", got: Hex.encode(report.chipID), wanted: vek.hardwareID.map { Hex.encode($0) })
    }
    return passed("equals the certificate's hardware id")
  }

  func matchesChip(_ hardwareID: [UInt8]) -> Bool {
    report.chipID == hardwareID + [UInt8](repeating: 0, count: max(0, 64 - hardwareID.count))
  }

  /// The key was derived for exactly the TCB that the report states.
  func checkTCB() throws(Refusal) -> Outcome {
    guard let vek else { return .notReached }
    let reported = report.reportedTCB.components(vek.product.layout)
    guard reported == vek.tcb else {
      throw Refusal(.tcbMismatch, "reportedTCB", got: reported.text, wanted: vek.tcb.text)
    }
    return passed(reported.text)
  }

  func checkTCBOrder() throws(Refusal) -> Outcome {
    guard let vek else { return .notReached }
    let reported = report.reportedTCB.components(vek.product.layout)
    let committed = report.committedTCB.components(vek.product.layout)
    let current = report.currentTCB.components(vek.product.layout)
    guard committed.isAtLeast(reported) else {
      throw Refusal(.tcbOrder, "committedTCB", got: committed.text, wanted: "at least \(reported.text)")
    }
    guard current.isAtLeast(committed) else {
      throw Refusal(.tcbOrder, "currentTCB", got: current.text, wanted: "at least \(committed.text)")
    }
    return passed("reported ≤ committed ≤ current")
  }

  /// The signature over the bytes as received, by the certificate's P-384 key.
  func checkSignature() throws(Refusal) -> Outcome {
    guard let vek else { return .notReached }
    guard isSigned(by: vek) else { throw Refusal(.signatureInvalid, "report.signature") }
    return passed("ECDSA P-384, SHA-384")
  }

  func isSigned(by vek: VEKCertificate) -> Bool {
    guard let key = vek.certificate.publicKey, key.kind == .p384 else { return false }
    return key.isValidECDSA(raw: report.signature, for: Array(report.signedBytes), hash: .sha384)
  }

  /// A report that the host asked for binds nothing: the host chose its report data.
  func checkRequester() throws(Refusal) -> Outcome {
    guard report.vmpl <= 3 else {
      throw Refusal(.requestedByHost, "vmpl", got: "\(report.vmpl)", wanted: "0 to 3", genuine: true)
    }
    return passed("the guest, at VMPL \(report.vmpl)")
  }
}
