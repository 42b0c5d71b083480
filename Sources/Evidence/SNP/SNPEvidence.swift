import Bytes

/// An SEV-SNP report and what came with it: well-formed, unverified.
package struct SNPEvidence: Sendable, Equatable {
  package let report: SNPReport
  package let certificates: [CarriedCertificate]

  package init(report: SNPReport, certificates: [CarriedCertificate] = []) {
    self.report = report
    self.certificates = certificates
  }

  package var reportBytes: [UInt8] { report.bytes }

  /// Reads a raw report, or an extended one: the report and behind it a certificate table.
  package init(raw bytes: [UInt8]) throws(EvidenceError) {
    guard bytes.count > SNPReport.byteCount else {
      self.init(report: try SNPReport(bytes))
      return
    }
    let report = try SNPReport(Array(bytes[..<SNPReport.byteCount]))
    try self.init(report: report, auxiliary: Array(bytes[SNPReport.byteCount...]))
  }

  /// Joins a report with the `auxblob` that configfs-tsm gives beside it; empty when the host provides none.
  package init(report: SNPReport, auxiliary: [UInt8]) throws(EvidenceError) {
    self.init(report: report, certificates: auxiliary.isEmpty ? [] : try CarriedCertificate.table(auxiliary))
  }

  /// The extended form: `init(raw:)` reads it back.
  package var extendedBytes: [UInt8] { report.bytes + CarriedCertificate.writeTable(certificates) }
}
