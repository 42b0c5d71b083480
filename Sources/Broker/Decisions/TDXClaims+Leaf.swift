import Bytes
import Evidence
import Verification

// What a decision's leaf says of a TDX platform. Spec: reliability §2.4.
extension TDXClaims {
  var leafMeasure: JSONValue {
    let registers = report.rtmr.enumerated().map { ("rtmr\($0.offset)", JSONValue.string(Hex.encode($0.element))) }
    return .object(
      [("mrtd", .string(Hex.encode(report.mrTD)))] + registers + [
        ("mrseam", .string(Hex.encode(report.mrSeam))), ("mrconfigid", .string(Hex.encode(report.mrConfigID))),
      ])
  }

  var leafTCB: JSONValue {
    .object([
      ("status", .string(tcb.status.rawValue)), ("svn", .string(Hex.encode(report.teeTCBSVN))),
      ("advisories", .strings(tcb.advisoryIDs)), ("eval_data_number", .int(tcb.evaluationNumber)),
      ("date", tcb.date.map { .string($0.rfc3339) } ?? .null), ("fmspc", .string(Hex.encode(platform.fmspc))),
      ("platform_info", .null), ("mit_vector", .null),
      ("td_attributes", .string("0x" + String(report.attributes.raw, radix: 16))),
    ])
  }

  /// What the platform's pseudonym is made of.
  var platformIdentity: [UInt8] { platform.ppid }
}

extension Claims {
  /// What the hardware signed beside the measurement: report data, and the field for init-data.
  var boundData: (reportData: [UInt8], initData: [UInt8]) {
    switch platform {
    case .snp(let snp): (snp.reportData, snp.hostData)
    case .tdx(let tdx): (tdx.report.reportData, tdx.report.mrConfigID)
    }
  }

  /// What the platform's pseudonym is made of.
  var platformIdentity: [UInt8] {
    switch platform {
    case .snp(let snp): snp.platformIdentity
    case .tdx(let tdx): tdx.platformIdentity
    }
  }
}
