import Glibc

/// A report that the confidential guest's hardware signed over 64 bytes of ours. Unverified: nobody checked it here.
///
/// Spec: Linux Documentation/ABI/testing/configfs-tsm-report.
package struct TSMReport: Equatable, Sendable {
  package enum Provider: String, Sendable { case tdx = "tdx_guest", sev = "sev_guest" }

  package let provider: Provider
  /// The quote (TDX) or the attestation report (SEV-SNP).
  package let outblob: [UInt8]
  /// SEV-SNP: the host's certificate table; empty for TDX and where the host gives none.
  package let auxblob: [UInt8]

  /// Asks the hardware for one report.
  ///
  /// The kernel counts the writes to a report directory; a count we did not make means that another process changed the
  /// request between our write and our read, so the report is dropped and a fresh directory is tried.
  /// - Parameters:
  ///   - reportData: 64 bytes.
  ///   - token: a new random name part at each call.
  /// - Throws: `.noGuestDevice` where the kernel has no such directory or names another vendor, `.reportRaced` when
  ///   every attempt was disturbed.
  package static func request(
    reportData: [UInt8], from files: some TSMFileSystem, attempts: Int = 5, token: () -> String
  ) throws(PlatformError) -> TSMReport {
    precondition(reportData.count == 64, "report data is 64 bytes")
    for _ in 0..<attempts {
      if let report = try attempt(reportData, files, "vouchsafe-\(token())") { return report }
    }
    throw .reportRaced
  }

  /// Which hardware makes the reports, without asking for one.
  package static func provider(
    of files: some TSMFileSystem, token: () -> String
  ) throws(PlatformError) -> Provider {
    let directory = "vouchsafe-\(token())"
    try files.makeDirectory(directory)
    let name: String?
    do throws(PlatformError) {
      name = try text(files, "\(directory)/provider")
    } catch {
      try? files.removeDirectory(directory)
      throw error
    }
    try files.removeDirectory(directory)
    guard let provider = name.flatMap(Provider.init(rawValue:)) else { throw .noGuestDevice }
    return provider
  }

  /// `nil` when another process was in the way.
  private static func attempt(
    _ reportData: [UInt8], _ files: some TSMFileSystem, _ directory: String
  ) throws(PlatformError) -> TSMReport? {
    do throws(PlatformError) {
      try files.makeDirectory(directory)
    } catch .system(.createReport, errno: EEXIST) {
      return nil
    }
    let report: TSMReport?
    do throws(PlatformError) {
      report = try read(reportData, files, directory)
    } catch {
      try? files.removeDirectory(directory)
      if case .system(_, let number) = error, number == EBUSY || number == EWOULDBLOCK { return nil }
      throw error
    }
    try files.removeDirectory(directory)
    return report
  }

  private static func read(
    _ reportData: [UInt8], _ files: some TSMFileSystem, _ directory: String
  ) throws(PlatformError) -> TSMReport? {
    let before = try generation(files, directory)
    try files.write("\(directory)/inblob", reportData)
    let auxblob = try files.read("\(directory)/auxblob") ?? []
    guard let outblob = try files.read("\(directory)/outblob"), !outblob.isEmpty else { throw .malformedReport }
    guard try generation(files, directory) == before + 1 else { return nil }
    guard let name = try text(files, "\(directory)/provider"), let provider = Provider(rawValue: name) else {
      throw .noGuestDevice
    }
    return TSMReport(provider: provider, outblob: outblob, auxblob: auxblob)
  }

  private static func generation(_ files: some TSMFileSystem, _ directory: String) throws(PlatformError) -> UInt64 {
    guard let text = try text(files, "\(directory)/generation"), let count = UInt64(text), count < 1 << 63 else {
      throw .malformedReport
    }
    return count
  }

  private static func text(_ files: some TSMFileSystem, _ name: String) throws(PlatformError) -> String? {
    guard var bytes = try files.read(name) else { return nil }
    if bytes.last == 0x0A { bytes.removeLast() }
    return String(validating: bytes, as: UTF8.self)
  }
}
