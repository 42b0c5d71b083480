import Bytes
import KBSProtocol
import Measurement
import Terminal

/// `vouchsafe reference compute snp`: the launch digest for each number of processors, and the init-data digests.
enum ReferenceComputeSNP {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let counts = try counts(arguments)
    let documents = try ComputeOptions.initData(arguments)
    let measurements = try measurements(arguments, counts)
    switch format {
    case .json: Console.json(json(measurements, documents))
    case .text:
      Console.out(text(Array(zip(counts, measurements)), documents, hasKernel: arguments.value("--kernel") != nil))
    }
    return .ok
  }

  private static func measurements(_ arguments: Arguments, _ counts: [Int]) throws(Failure) -> [[UInt8]] {
    let firmware = try ComputeOptions.firmware(arguments)
    let features = try features(arguments)
    let monitor = try ComputeOptions.choice("--vmm", arguments, or: GuestMonitor.qemu)
    let model = try arguments.required("--cpu")
    let given = try boot(arguments)
    do throws(MeasurementError) {
      let processor = try VirtualProcessor(named: model)
      let boot = try given.map { given throws(MeasurementError) in
        try DirectBoot(kernel: given.kernel, initrd: given.initrd, commandLine: given.commandLine)
      }
      var measurements: [[UInt8]] = []
      for count in counts {
        let launch = try SNPLaunch(
          firmware: firmware, processorCount: count, processor: processor, features: features, monitor: monitor,
          boot: boot)
        measurements.append(try launch.digest())
      }
      return measurements
    } catch { throw ComputeOptions.failure(error, arguments.value("--firmware") ?? "") }
  }

  private static func counts(_ arguments: Arguments) throws(Failure) -> [Int] {
    let texts = arguments.values("--vcpus").flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let counts = texts.compactMap { Int($0) }
    guard !texts.isEmpty, counts.count == texts.count, counts.allSatisfy({ (1...512).contains($0) }),
      Set(counts).count == counts.count
    else { throw Failure(.usage, "reference compute snp: --vcpus takes different whole numbers from 1 to 512") }
    return counts
  }

  private static func features(_ arguments: Arguments) throws(Failure) -> UInt64 {
    guard let text = arguments.value("--guest-features") else { return 1 }
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard let features = UInt64(digits, radix: 16), features & 1 == 1 else {
      throw Failure(.usage, "reference compute snp: --guest-features takes hexadecimal with bit 0, SEV-SNP, set")
    }
    return features
  }

  private static func boot(
    _ arguments: Arguments
  ) throws(Failure) -> (kernel: [UInt8], initrd: [UInt8], commandLine: String)? {
    guard let kernel = try ComputeOptions.file("--kernel", arguments) else {
      guard arguments.value("--initrd") == nil, arguments.value("--cmdline") == nil else {
        throw Failure(.usage, "reference compute snp: --initrd and --cmdline go with --kernel")
      }
      return nil
    }
    let initrd = try ComputeOptions.file("--initrd", arguments) ?? []
    return (kernel, initrd, arguments.value("--cmdline") ?? "")
  }

  private static func json(_ measurements: [[UInt8]], _ documents: [InitData]) -> JSONValue {
    var section = JSONObject([("measurements", .hexList(measurements))])
    if !documents.isEmpty { section["hostData"] = .hexList(documents.map { $0.fieldValue(byteCount: 32) }) }
    return ["tees": ["snp": .object(section)]]
  }

  private static func text(_ rows: [(count: Int, digest: [UInt8])], _ documents: [InitData], hasKernel: Bool) -> String
  {
    var lines = rows.map { "MEASUREMENT with \($0.count) vCPU\($0.count == 1 ? "" : "s"): \(Hex.encode($0.digest))" }
    lines += documents.map { "HOST_DATA: \(Hex.encode($0.fieldValue(byteCount: 32)))" }
    lines.append(
      hasKernel
        ? "Covers firmware, first registers, kernel, initial RAM disk and command line."
        : "Covers firmware and first registers; whatever the firmware then loads is not in it.")
    return lines.joined(separator: "\n") + "\n"
  }
}
