package import Bytes

/// The identity of the quoting enclave, version 2: every member is a knob; the order of the members is Intel's.
package struct SimulatedQEIdentity: Sendable {
  package var id = "TD_QE"
  package var version = 2
  package var issueDate: Timestamp
  package var nextUpdate: Timestamp
  package var evaluationDataNumber = 19
  package var miscSelect: [UInt8] = [0, 0, 0, 0]
  package var miscSelectMask = [UInt8](repeating: 0xFF, count: 4)
  package var attributes: [UInt8] = [0x11] + [UInt8](repeating: 0, count: 15)
  package var attributesMask: [UInt8] =
    [0xFB] + [UInt8](repeating: 0xFF, count: 7) + [UInt8](repeating: 0, count: 8)
  package var mrSigner = SimulatedQEReport().mrSigner
  package var isvProdID = 2
  package var levels = [
    SimulatedSVNLevel(4), SimulatedSVNLevel(2, SimulatedVerdict("OutOfDate", advisories: ["INTEL-SA-00837"])),
  ]

  /// - Parameter issueDate: 30 days follow, as in all of Intel's.
  package init(issueDate: Timestamp) {
    self.issueDate = issueDate
    nextUpdate = issueDate.adding(.seconds(30 * 86_400))
  }

  package var json: JSONValue {
    .object([
      ("id", .string(id)), ("version", .int(version)), ("issueDate", .string(issueDate.rfc3339)),
      ("nextUpdate", .string(nextUpdate.rfc3339)), ("tcbEvaluationDataNumber", .int(evaluationDataNumber)),
      ("miscselect", HexText.upper(miscSelect)), ("miscselectMask", HexText.upper(miscSelectMask)),
      ("attributes", HexText.upper(attributes)), ("attributesMask", HexText.upper(attributesMask)),
      ("mrsigner", HexText.upper(mrSigner)), ("isvprodid", .int(isvProdID)),
      ("tcbLevels", .array(levels.map(\.json))),
    ])
  }
}

/// The report of the quoting enclave that vouches for the attestation key: 384 bytes, little-endian.
package struct SimulatedQEReport: Sendable {
  package var cpuSVN: [UInt8]?
  package var miscSelect: [UInt8] = [0, 0, 0, 0]
  package var attributes: [UInt8] = [0x15, 0, 0, 0, 0, 0, 0, 0, 0xE7, 0, 0, 0, 0, 0, 0, 0]
  package var mrEnclave = [UInt8](repeating: 0xE5, count: 32)
  package var mrSigner = [UInt8](repeating: 0x51, count: 32)
  package var isvProdID: UInt16 = 2
  package var isvSVN: UInt16 = 6
  /// `nil`: the digest of attestation key and authentication data, and zeros.
  package var reportData: [UInt8]?
  /// Bytes put over the report before it is signed, by offset.
  package var signedPatches: [Int: [UInt8]] = [:]

  package init() {}

  func bytes(cpuSVN platform: [UInt8], binding: [UInt8]) -> [UInt8] {
    var report = ByteWriter(reserving: 384)
    report.append((cpuSVN ?? platform) + miscSelect)
    report.zeros(28)
    report.append(attributes + mrEnclave)
    report.zeros(32)
    report.append(mrSigner)
    report.zeros(96)
    report.littleEndian(isvProdID)
    report.littleEndian(isvSVN)
    report.zeros(60)
    report.append(reportData ?? binding)
    var bytes = report.bytes
    for (offset, patch) in signedPatches { bytes.replaceSubrange(offset..<offset + patch.count, with: patch) }
    return bytes
  }
}
