import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Measurement
import Terminal
import Verification

/// `vouchsafe reference compute tdx`: MRTD from the firmware, RTMRs from a log, MRCONFIGID from init-data.
struct ReferenceComputeTDX {
  private let mrTD: [UInt8]
  /// `nil` for a register that nothing given says anything about.
  private let registers: [[UInt8]?]
  private let log: MeasurementLog?
  /// The Authenticode digest of an EFI program.
  private let kernel: [UInt8]?
  private let initrd: [UInt8]?
  private let commandLine: LinuxLoadOptions?
  private let documents: [InitData]

  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let result = try ReferenceComputeTDX(arguments)
    switch format {
    case .json: Console.json(result.json)
    case .text: Console.out(result.text)
    }
    return .ok
  }

  private init(_ arguments: Arguments) throws(Failure) {
    documents = try ComputeOptions.initData(arguments)
    let order = try ComputeOptions.choice("--page-order", arguments, or: TDXBuild.Order.pageByPage)
    let firmware = try ComputeOptions.firmware(arguments)
    log = try Self.log(arguments)
    registers = log?.replayedRegisters ?? [nil, nil, nil, nil]
    do throws(MeasurementError) {
      mrTD = try TDXBuild(firmware: firmware, order: order).mrTD()
    } catch { throw ComputeOptions.failure(error, arguments.value("--firmware") ?? "") }
    let image = try ComputeOptions.file("--kernel", arguments)
    do throws(MeasurementError) {
      kernel = try image.map { bytes throws(MeasurementError) in try PortableExecutable(bytes).digest }
    } catch { throw ComputeOptions.failure(error, arguments.value("--kernel") ?? "") }
    initrd = try ComputeOptions.file("--initrd", arguments).map { Hash.sha384.digest($0) }
    commandLine = arguments.value("--cmdline").map { LinuxLoadOptions($0) }
  }

  private static func log(_ arguments: Arguments) throws(Failure) -> MeasurementLog? {
    guard let path = arguments.value("--event-log") else { return nil }
    let bytes = try Console.readFile(path, limit: MeasurementLog.limitBytes)
    do throws(EvidenceError) {
      return try MeasurementLog(bytes)
    } catch { throw Failure(.malformed, "\(path) is no event log: \(Refusal(error))") }
  }

  private var json: JSONValue {
    var section = JSONObject([("mrTD", .hexList([mrTD]))])
    for (index, value) in registers.enumerated() {
      if let value { section["rtmr\(index)"] = .hexList([value]) }
    }
    if !documents.isEmpty { section["mrConfigIDs"] = .hexList(documents.map { $0.fieldValue(byteCount: 48) }) }
    return ["tees": ["tdx": .object(section)]]
  }

  private var text: String {
    var lines = ["MRTD: \(Hex.encode(mrTD))"]
    for (index, value) in registers.enumerated() {
      lines.append("RTMR\(index): \(value.map { Hex.encode($0) } ?? "not computed: \(reason)")")
    }
    lines += documents.map { "MRCONFIGID: \(Hex.encode($0.fieldValue(byteCount: 48)))" }
    if let kernel { lines.append("kernel, Authenticode SHA-384: \(Hex.encode(kernel))\(place(of: kernel))") }
    if let commandLine {
      let digest = commandLine.digests.first { isLogged($0) } ?? commandLine.digests[0]
      lines.append("command line, SHA-384: \(Hex.encode(digest))\(place(of: digest))")
    }
    if let initrd { lines.append("RAM disk, SHA-384: \(Hex.encode(initrd))\(place(of: initrd))") }
    lines.append(
      "MRTD covers the firmware's measured sections. The RTMRs are those of the guest that wrote the log: what else")
    lines.append("goes into them (ACPI tables, variables, the order of events) is the firmware's to choose.")
    return lines.joined(separator: "\n") + "\n"
  }

  private var reason: String { log == nil ? "it takes an event log" : "the log has no event for it" }

  private func isLogged(_ digest: [UInt8]) -> Bool { log?.events.contains { $0.digest == digest } ?? false }

  /// Where a digest stands in the log.
  private func place(of digest: [UInt8]) -> String {
    guard let log else { return "" }
    let register = log.events.first { $0.digest == digest }.flatMap(\.register)
    return register.map { " (in the log, for RTMR\($0))" } ?? " (NOT in the log)"
  }
}
