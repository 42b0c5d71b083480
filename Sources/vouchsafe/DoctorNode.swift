import Bytes
import Cryptography
import Platform
import Terminal

/// `vouchsafe doctor node`: what this machine offers a pod that has to prove itself, and the piece that is missing.
///
/// Ends with 3 where nothing here can make evidence.
enum DoctorNode {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let survey = NodeSurvey { Hex.encode(SystemRandom.bytes(8)) }
    let diagnosis = diagnosis(of: survey)
    diagnosis.show(format)
    return diagnosis.exit
  }

  private static func diagnosis(of survey: NodeSurvey) -> Diagnosis {
    var diagnosis = Diagnosis()
    diagnosis.add(processor(survey))
    diagnosis.add(reports(survey))
    diagnosis.add(
      "devices", survey.devices.isEmpty ? .none : .ok,
      survey.devices.isEmpty
        ? "none of " + NodeSurvey.deviceNames.map { "/dev/\($0)" }.joined(separator: ", ")
        : survey.devices.map { "/dev/\($0)" }.joined(separator: ", "))
    diagnosis.add(gpus(survey))
    diagnosis.add(memory(survey))
    diagnosis.add(swap(survey))
    diagnosis.summary = summary(survey)
    return diagnosis
  }

  private static func isGuest(_ survey: NodeSurvey) -> Bool {
    survey.processorFlags.contains("tdx_guest")
      || (survey.processorFlags.contains("sev_snp") && survey.processorFlags.contains("hypervisor"))
  }

  private static func processor(_ survey: NodeSurvey) -> ExaminedPart {
    let flags = survey.processorFlags
    if flags.contains("tdx_guest") { return ExaminedPart("processor", .ok, "a trust domain of Intel TDX (tdx_guest)") }
    if isGuest(survey) { return ExaminedPart("processor", .ok, "a guest of AMD SEV-SNP (sev_snp)") }
    let hosts = flags.filter { ["tdx_host_platform", "sev_snp"].contains($0) }
    if !hosts.isEmpty {
      return ExaminedPart(
        "processor", .note, "can host confidential VMs (\(hosts.joined(separator: ", "))), and is none")
    }
    let seen = flags.isEmpty ? "" : ", only " + flags.joined(separator: ", ")
    return ExaminedPart("processor", .none, "neither tdx_guest nor sev_snp among its flags\(seen)")
  }

  private static func reports(_ survey: NodeSurvey) -> ExaminedPart {
    switch survey.reports {
    case .made(let provider):
      return ExaminedPart("reports", .ok, "\(ConfigFSReports.kernelPath), by \(provider.rawValue)")
    case .unusable(let error):
      return ExaminedPart(
        "reports", .fault, "\(ConfigFSReports.kernelPath): \(error); only root may use it", exit: .unavailable)
    case .absent:
      let advice = isGuest(survey) ? "; mount -t configfs none /sys/kernel/config, on Linux 6.7 or later" : ""
      return ExaminedPart("reports", .none, "\(ConfigFSReports.kernelPath) is not there\(advice)", exit: .unavailable)
    }
  }

  private static func gpus(_ survey: NodeSurvey) -> ExaminedPart {
    let onBus = survey.gpusOnBus ?? 0
    switch survey.gpus {
    case .noLibrary where onBus == 0: return ExaminedPart("gpus", .none, "none of NVIDIA's on the bus")
    case .noLibrary:
      return ExaminedPart(
        "gpus", .fault, "\(onBus) on the bus, and no \(NVML.libraryName) for them; install NVIDIA's driver",
        exit: .unavailable)
    case .unusable(let error): return ExaminedPart("gpus", .fault, "\(onBus) on the bus; \(error)", exit: .unavailable)
    case .found(let count, let state, let isReady):
      let seen = count == onBus ? "\(count)" : "\(count) by the driver, \(onBus) on the bus"
      guard state.isEnabled, state.environment == .production else {
        return ExaminedPart("gpus", .note, "\(seen), not in confidential mode; the node's CC manager sets it")
      }
      guard !state.hasDeveloperTools else {
        return ExaminedPart(
          "gpus", .fault, "\(seen), in CC DevTools mode, which every broker refuses", exit: .unavailable)
      }
      return ExaminedPart("gpus", .ok, "\(seen), confidential\(isReady ? ", set ready already" : "")")
    }
  }

  private static func memory(_ survey: NodeSurvey) -> ExaminedPart {
    guard let memory = survey.memory else { return ExaminedPart("memory", .note, "the kernel does not say") }
    func gibibytes(_ bytes: UInt64) -> String { "\(bytes >> 30).\((bytes >> 20 & 0x3FF) * 10 / 1024) GiB" }
    return ExaminedPart(
      "memory", .ok, "\(gibibytes(memory.available)) of \(gibibytes(memory.total)) available for weights")
  }

  private static func swap(_ survey: NodeSurvey) -> ExaminedPart {
    switch survey.hasSwap {
    case false: ExaminedPart("swap", .ok, "off")
    case true: ExaminedPart("swap", .note, "on: the agent opens no model here, unless its memory never swaps")
    case nil: ExaminedPart("swap", .note, "the kernel does not say")
    }
  }

  private static func summary(_ survey: NodeSurvey) -> String {
    if case .made(let provider) = survey.reports { return "evidence: reports of \(provider.rawValue)" }
    return isGuest(survey)
      ? "evidence: none yet; this is a confidential VM, and its kernel's reports are missing"
      : "evidence: none; this machine is no confidential VM"
  }
}
