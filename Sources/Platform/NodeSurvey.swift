import Glibc

/// What this machine has of what a confidential pod needs. Only looked at: nothing here is evidence, and a host can show a
/// guest whatever it likes.
package struct NodeSurvey: Equatable, Sendable {
  /// The kernel's report directory (configfs-tsm).
  package enum Reports: Equatable, Sendable {
    case made(by: TSMReport.Provider)
    /// configfs is not mounted, or the kernel has no such directory.
    case absent
    case unusable(PlatformError)
  }

  package enum GPUs: Equatable, Sendable {
    /// NVIDIA's library is not there.
    case noLibrary
    case unusable(PlatformError)
    case found(Int, NVML.State, isReady: Bool)
  }

  /// Of the flags that the kernel shows of the processor those about confidential computing, and `hypervisor`.
  package let processorFlags: [String]
  package let reports: Reports
  /// Guest devices that are there.
  package let devices: [String]
  /// GPUs of NVIDIA's that the bus shows; `nil` where the kernel lists nothing.
  package let gpusOnBus: Int?
  package let gpus: GPUs
  /// Bytes; `nil` where the kernel does not say.
  package let memory: (total: UInt64, available: UInt64)?
  /// Whether memory may be paged out to a disk; `nil` where the kernel does not say.
  package let hasSwap: Bool?

  private static let flags: Set<String> = [
    "hypervisor", "tdx_guest", "tdx_host_platform", "sev", "sev_es", "sev_snp", "sme",
  ]
  package static let deviceNames = ["tdx_guest", "sev-guest", "tpmrm0"]

  /// - Parameters:
  ///   - root: in front of every path; a parameter so that it can be tested.
  ///   - token: a random name part.
  package init(root: String = "", gpuLibrary: String = NVML.libraryName, token: () -> String) {
    processorFlags = Self.flags(of: Self.text("\(root)/proc/cpuinfo"))
    devices = Self.deviceNames.filter { SmallFile.exists("\(root)/dev/\($0)") }
    reports = Self.reports("\(root)\(ConfigFSReports.kernelPath)", token)
    gpusOnBus = NVML.countOnBus("\(root)\(NVML.busPath)")
    gpus = Self.gpus(gpuLibrary)
    memory = Self.memory(Self.text("\(root)/proc/meminfo"))
    hasSwap = Self.hasSwap("\(root)/proc/swaps")
  }

  package static func == (left: NodeSurvey, right: NodeSurvey) -> Bool {
    left.processorFlags == right.processorFlags && left.reports == right.reports && left.devices == right.devices
      && left.gpusOnBus == right.gpusOnBus && left.gpus == right.gpus && left.memory?.total == right.memory?.total
      && left.hasSwap == right.hasSwap
  }

  private static func text(_ path: String) -> String {
    String(decoding: (try? SmallFile.read(path, limitBytes: 1 << 22)) ?? [], as: UTF8.self)
  }

  /// Those of the first processor; the others are like it.
  private static func flags(of text: String) -> [String] {
    let line = text.split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") }
    let words = line?.split(separator: ":").last?.split(separator: " ").map(String.init) ?? []
    return Set(words).intersection(flags).sorted()
  }

  private static func reports(_ path: String, _ token: () -> String) -> Reports {
    guard SmallFile.exists(path) else { return .absent }
    do throws(PlatformError) {
      return .made(by: try TSMReport.provider(of: ConfigFSReports(base: path), token: token))
    } catch .noGuestDevice { return .absent } catch { return .unusable(error) }
  }

  private static func gpus(_ library: String) -> GPUs {
    do throws(PlatformError) {
      let nvml = try NVML(library: library)
      return .found(try nvml.deviceCount(), try nvml.state(), isReady: try nvml.isReady())
    } catch .noGPULibrary { return .noLibrary } catch { return .unusable(error) }
  }

  private static func memory(_ text: String) -> (total: UInt64, available: UInt64)? {
    func bytes(_ name: String) -> UInt64? {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
      return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }
    guard let total = bytes("MemTotal"), let available = bytes("MemAvailable") else { return nil }
    return (total, available)
  }

  private static func hasSwap(_ path: String) -> Bool? {
    do throws(PlatformError) {
      try SwapAreas.requireNone(listedIn: path)
      return false
    } catch .swapIsOn { return true } catch { return nil }
  }
}
