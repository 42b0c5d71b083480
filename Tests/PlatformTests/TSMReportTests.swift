import Glibc
import Telemetry
import Testing

@testable import Platform

/// The kernel's report directory in memory: counts writes, makes reports, and can be disturbed.
private final class MemoryReports: TSMFileSystem, Sendable {
  struct State {
    var directories: [String: (generation: Int, inblob: [UInt8])] = [:]
    var made = 0
    var disturbed = 0
    var busy = 0
    var provider = "sev_guest\n"
    var outblob: [UInt8]? = [1, 2, 3]
    var auxblob: [UInt8]? = [4]
    var isPresent = true
  }
  let state: Locked<State>

  init(_ state: State = State()) { self.state = Locked(state) }

  func makeDirectory(_ name: String) throws(PlatformError) {
    try state.withLock { state throws(PlatformError) in
      guard state.isPresent else { throw .noGuestDevice }
      guard state.directories[name] == nil else { throw .system(.createReport, errno: EEXIST) }
      state.directories[name] = (0, [])
      state.made += 1
    }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let parts = name.split(separator: "/").map(String.init)
    try state.withLock { state throws(PlatformError) in
      guard state.busy == 0 else {
        state.busy -= 1
        throw .system(.writeReport, errno: EBUSY)
      }
      guard parts[1] == "inblob", bytes.count == 64 else { throw .system(.writeReport, errno: EINVAL) }
      state.directories[parts[0]]?.generation += 1
      state.directories[parts[0]]?.inblob = bytes
    }
  }

  func read(_ name: String) throws(PlatformError) -> [UInt8]? {
    let parts = name.split(separator: "/").map(String.init)
    return state.withLock { state in
      guard let directory = state.directories[parts[0]] else { return nil }
      switch parts[1] {
      case "generation": return Array("\(directory.generation)\n".utf8)
      case "provider": return Array(state.provider.utf8)
      case "auxblob": return state.auxblob
      case "outblob":
        if state.disturbed > 0 {
          state.disturbed -= 1
          state.directories[parts[0]]?.generation += 1
        }
        return state.outblob.map { $0 + directory.inblob }
      default: return nil
      }
    }
  }

  func removeDirectory(_ name: String) throws(PlatformError) {
    state.withLock { $0.directories[name] = nil }
  }
}

@Suite struct TSMReportTests {
  private let data = [UInt8](0..<64)

  private func request(_ files: MemoryReports) throws -> TSMReport {
    var count = 0
    return try TSMReport.request(reportData: data, from: files) {
      count += 1
      return "\(count)"
    }
  }

  @Test func aReportIsOverOurBytes() throws {
    let files = MemoryReports()
    let report = try request(files)
    #expect(report == TSMReport(provider: .sev, outblob: [1, 2, 3] + data, auxblob: [4]))
    #expect(files.state.withLock { $0.directories.isEmpty })
  }

  @Test func aDisturbedReportIsDroppedAndAskedForAgain() throws {
    let files = MemoryReports(.init(disturbed: 2))
    #expect(try request(files).outblob == [1, 2, 3] + data)
    #expect(files.state.withLock { $0.made } == 3)
    #expect(files.state.withLock { $0.directories.isEmpty })
  }

  @Test func endlessDisturbanceEndsInAnError() {
    let files = MemoryReports(.init(disturbed: 100))
    #expect(throws: PlatformError.reportRaced) { try request(files) }
    #expect(files.state.withLock { $0.made } == 5)
    #expect(files.state.withLock { $0.directories.isEmpty })
  }

  @Test func aBusyDeviceIsTriedAgain() throws {
    let files = MemoryReports(.init(busy: 3))
    #expect(try request(files).provider == .sev)
    #expect(files.state.withLock { $0.directories.isEmpty })
  }

  @Test func anUnknownProviderIsNoGuestDevice() {
    let files = MemoryReports(.init(provider: "somebody\n"))
    #expect(throws: PlatformError.noGuestDevice) { try request(files) }
    #expect(files.state.withLock { $0.directories.isEmpty })
  }

  @Test func anEmptyReportIsMalformed() {
    for outblob in [nil, []] as [[UInt8]?] {
      let files = MemoryReports(.init(outblob: outblob.map { $0 }))
      if outblob == nil {
        #expect(throws: PlatformError.malformedReport) { try request(files) }
      }
      #expect(files.state.withLock { $0.directories.isEmpty })
    }
  }

  @Test func aMissingCertificateTableIsEmpty() throws {
    #expect(try request(MemoryReports(.init(auxblob: nil))).auxblob == [])
  }

  @Test func aMachineWithoutTheDirectoryHasNoGuestDevice() {
    #expect(throws: PlatformError.noGuestDevice) { try request(MemoryReports(.init(isPresent: false))) }
    #expect(throws: PlatformError.noGuestDevice) {
      try TSMReport.request(reportData: data, from: ConfigFSReports(base: "/nonexistent")) { "1" }
    }
  }

  @Test func aPlainDirectoryIsNotTheKernel() throws {
    let scratch = Scratch()
    let files = ConfigFSReports(base: scratch.path)
    #expect(throws: PlatformError.malformedReport) { try TSMReport.request(reportData: data, from: files) { "1" } }
    #expect(scratch.names.isEmpty)
  }
}
