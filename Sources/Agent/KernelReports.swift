package import Bytes
import Evidence
package import KBSProtocol
package import Platform

/// Evidence straight from the guest's hardware, by the kernel's configfs-tsm.
package struct KernelReports: EvidenceSource {
  private let files: any TSMFileSystem
  private let token: @Sendable () -> String

  /// - Parameter token: random text for directory names.
  package init(_ files: any TSMFileSystem, token: @escaping @Sendable () -> String) {
    self.files = files
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
    let report = try request { () throws(PlatformError) in
      try TSMReport.request(reportData: reportData, from: files, token: token)
    }
    switch report.provider {
    case .sev: return try Self.snp(report)
    case .tdx: return .object([("cc_eventlog", .null), ("quote", .string(Base64.encode(report.outblob)))])
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
