package import Bytes
import Evidence
package import KBSProtocol
package import Platform

/// Evidence straight from the guest's hardware, by the kernel's configfs-tsm.
package struct KernelReports: EvidenceSource {
  /// How often a report is asked for while the log behind it grows.
  private static let attemptLimit = 3

  private let files: any TSMFileSystem
  private let log: GuestEventLog
  private let token: @Sendable () -> String

  /// - Parameter token: random text for directory names.
  package init(
    _ files: any TSMFileSystem, log: GuestEventLog = GuestEventLog(), token: @escaping @Sendable () -> String
  ) {
    self.files = files
    self.log = log
    self.token = token
  }

  package func tee() async throws(AgentError) -> TEEName {
    let provider = try request { () throws(PlatformError) in try TSMReport.provider(of: files, token: token) }
    switch provider {
    case .sev: return .snp
    case .tdx: return .tdx
    }
  }

  /// This source knows no other device.
  package func additionalEvidence(_ digest: [UInt8]) async throws(AgentError) -> String { "" }

  package func primaryEvidence(_ digest: [UInt8]) async throws(AgentError) -> JSONValue {
    let reportData = digest + [UInt8](repeating: 0, count: 64 - digest.count)
    // A log that grew while the quote was made may be ahead of it, so another quote is asked for; the last is sent as it
    // is, and whoever gets it compares.
    var attempt = 0
    while true {
      attempt += 1
      let before = Result { () throws(AgentError) in try log.read() }
      let report = try report(reportData)
      guard report.provider == .tdx else { return try Self.snp(report) }
      let after = try log.read()
      guard try before.get() == after || attempt == Self.attemptLimit else { continue }
      return TDXEvidence.kbsJSON(quote: report.outblob, eventLog: after)
    }
  }

  private func report(_ reportData: [UInt8]) throws(AgentError) -> TSMReport {
    try request { () throws(PlatformError) in
      try TSMReport.request(reportData: reportData, from: files, token: token)
    }
  }

  /// The structure that KBS servers know, from the report's bytes and the host's certificate table.
  private static func snp(_ report: TSMReport) throws(AgentError) -> JSONValue {
    do throws(EvidenceError) {
      return try SNPEvidence(report: try SNPReport(report.outblob), auxiliary: report.auxblob).kbsJSON
    } catch {
      throw .noEvidence(.malformed(error))
    }
  }

  private func request<T>(_ body: () throws(PlatformError) -> T) throws(AgentError) -> T {
    do throws(PlatformError) { return try body() } catch { throw .noEvidence(.device(error)) }
  }
}
