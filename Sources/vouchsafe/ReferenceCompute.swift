import Bytes
import KBSProtocol
import Measurement
import Terminal

/// The verbs that compute what a bundle says: of a guest from the files it is started with, of GPUs from their evidence.
let referenceComputeCommands: [Command] = [
  Command(
    "reference compute snp", "compute what SEV-SNP measures of a guest, from the files it is started with",
    options: [
      ComputeOptions.firmware,
      Option("--vcpus", value: "N", repeats: true, "virtual processors; one measurement for each number given"),
      Option("--cpu", value: "MODEL", "QEMU's name, such as EPYC-Milan, or FAMILY/MODEL/STEPPING"),
      Option("--kernel", value: "FILE", "a kernel that the monitor loads and measures (kernel-hashes=on)"),
      Option("--initrd", value: "FILE", "its initial RAM disk"),
      Option("--cmdline", value: "TEXT", "its command line"),
      Option("--guest-features", value: "HEX", "SEV_FEATURES of every processor (default: 0x1)"),
      Option("--vmm", value: "qemu|ec2|gce", "whose monitor (default: qemu)"), ComputeOptions.initData, .output,
    ],
    example:
      "vouchsafe reference compute snp --firmware OVMF.fd --vcpus 8 --cpu EPYC-Genoa --init-data pod.toml -o json",
    run: { try ReferenceComputeSNP.run($0) }),
  Command(
    "reference compute tdx", "compute what TDX measures of a guest, from its firmware and an event log",
    options: [
      ComputeOptions.firmware,
      Option("--event-log", value: "FILE", "a log that such a guest wrote (CCEL); its registers are what it leads to"),
      Option("--kernel", value: "FILE", "an EFI program; its Authenticode digest is printed, and sought in the log"),
      Option("--initrd", value: "FILE", "a RAM disk; its digest is printed, and sought in the log"),
      Option("--cmdline", value: "TEXT", "a command line; its digest as Linux's EFI stub takes it, likewise"),
      Option("--page-order", value: "ORDER", "pageByPage (default) or sectionBySection, as the monitor adds memory"),
      ComputeOptions.initData, .output,
    ],
    example: "vouchsafe reference compute tdx --firmware OVMF.fd --event-log ccel.bin --init-data pod.toml -o json",
    run: { try ReferenceComputeTDX.run($0) }),
  Command(
    "reference compute gpu", "compute what a bundle says of GPUs, from evidence of theirs that is proved first",
    options: [
      EvidenceOptions.evidence, EvidenceOptions.collateral, EvidenceOptions.anchors, EvidenceOptions.at,
      Option("--pin-devices", "name these very devices, by their keys"), .output,
    ],
    example: "vouchsafe reference compute gpu --evidence gpus.json --collateral /var/lib/vouchsafe/collateral",
    run: { try ReferenceComputeGPU.run($0) }),
]

/// Options and steps that the verbs on guests share.
enum ComputeOptions {
  static let firmware = Option("--firmware", value: "FILE", "the UEFI image that the guest starts from")
  static let initData = Option(
    "--init-data", value: "FILE", repeats: true, "an init-data document (TOML) that its configuration field may hold")

  static func firmware(_ arguments: Arguments) throws(Failure) -> FirmwareImage {
    let path = try arguments.required("--firmware")
    let bytes = try Console.readFile(path, limit: FirmwareImage.limitBytes)
    do throws(MeasurementError) {
      return try FirmwareImage(bytes)
    } catch { throw failure(error, path) }
  }

  static func failure(_ error: MeasurementError, _ path: String) -> Failure {
    switch error {
    case .malformed, .metadataMissing, .kernelNotMeasured: Failure(.malformed, "\(path): \(error)")
    case .processorUnknown, .processorCount: Failure(.usage, "reference compute: \(error)")
    }
  }

  static func file(_ option: String, _ arguments: Arguments) throws(Failure) -> [UInt8]? {
    guard let path = arguments.value(option) else { return nil }
    return try Console.readFile(path, limit: 1 << 30)
  }

  static func initData(_ arguments: Arguments) throws(Failure) -> [InitData] {
    var documents: [InitData] = []
    for path in arguments.values("--init-data") {
      let bytes = try Console.readFile(path, limit: 1 << 20)
      guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(.malformed, "\(path): not UTF-8") }
      do throws(KBSProtocolError) {
        documents.append(try InitData(toml: text))
      } catch { throw Failure(.malformed, "\(path) is no init-data document: \(error.code)") }
    }
    return documents
  }

  /// The choice that an option names.
  static func choice<T: RawRepresentable & CaseIterable>(
    _ option: String, _ arguments: Arguments, or fallback: T
  ) throws(Failure) -> T where T.RawValue == String {
    guard let text = arguments.value(option) else { return fallback }
    guard let choice = T(rawValue: text) else {
      let names = T.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(.usage, "reference compute: \(option) takes one of \(names)")
    }
    return choice
  }
}

extension JSONValue {
  static func hexList(_ values: [[UInt8]]) -> JSONValue { .strings(values.map { Hex.encode($0) }) }
}
