import Bytes
import Cryptography
import Platform

/// Picks the source of evidence: the configured one, or the first that this guest has.
struct EvidenceChooser: Sendable {
  private let wanted: Configuration.Evidence
  private let guest: Exchange

  init(_ wanted: Configuration.Evidence, guest: @escaping Exchange) {
    self.wanted = wanted
    self.guest = guest
  }

  /// The gate in front of the GPUs; `nil` where there are none, or the guest components send their evidence and nobody
  /// asked this agent for it.
  func gate(beside source: any EvidenceSource) throws(AgentError) -> GPUGate? {
    guard wanted.gpus == .required || wanted.gpus == .auto && source is KernelReports else { return nil }
    do throws(PlatformError) {
      let nvml = try NVML(library: wanted.gpuLibrary)
      if wanted.gpus == .required {
        guard try nvml.deviceCount() > 0 else { throw PlatformError.noGPULibrary }
      }
      return GPUGate(nvml, busPath: wanted.busPath, acceptingReadyGPUs: wanted.acceptingReadyGPUs)
    } catch .noGPULibrary {
      if wanted.gpus == .required { throw .gpus(.missing) }
      return nil
    } catch { throw .gpus(.library(error)) }
  }

  /// `auto` takes the kernel's reports where the kernel offers any.
  func source() async throws(AgentError) -> any EvidenceSource {
    let kernel = KernelReports(ConfigFSReports(base: wanted.configfsPath), log: wanted.eventLog) {
      Hex.encode(SystemRandom.bytes(8))
    }
    let components = GuestComponents(url: wanted.guestComponentsURL, send: guest)
    switch wanted.choice {
    case .configfsTSM: return kernel
    case .apiServerREST, .confidentialDataHub: return components
    case .auto:
      do throws(AgentError) {
        _ = try await kernel.tee()
        return kernel
      } catch {
        _ = try await components.tee()
        return components
      }
    }
  }
}

extension Configuration.Evidence {
  /// What an absent configuration means.
  static let standard = Configuration.Evidence(
    choice: .auto, configfsPath: ConfigFSReports.kernelPath, guestComponentsURL: "http://127.0.0.1:8006")
}
