import CPlatform
import Glibc

/// The GPUs of this machine, by NVIDIA's management library, which is looked for at run time. What it says is evidence at
/// most: nobody checked it here.
///
/// Spec: NVML, confidential computing: system state, GPU certificates, attestation reports, ready state.
@safe
package final class NVML: Sendable {
  package static let libraryName = "libnvidia-ml.so.1"
  /// Where a kernel lists what is on its bus.
  package static let busPath = "/sys/bus/pci/devices"

  package enum Environment: Equatable, Sendable { case none, simulation, production, other(UInt32) }

  /// How the machine's GPUs stand to confidential computing, all of them alike.
  package struct State: Equatable, Sendable {
    package let environment: Environment
    package let isEnabled: Bool
    /// In this mode a debugger may look into the GPUs; their reports do not show it.
    package let hasDeveloperTools: Bool
  }

  // Set once and closed in deinit; the library locks its own state.
  private nonisolated(unsafe) let library: OpaquePointer

  /// - Throws: `noGPULibrary` where there is none, `gpuLibrary` with its own number where it does not start.
  package init(library name: String = NVML.libraryName) throws(PlatformError) {
    var opened: OpaquePointer?
    try Self.check(unsafe cplatform_nvml_open(name, &opened))
    guard let opened = unsafe opened else { throw .noGPULibrary }
    unsafe library = opened
  }

  deinit { unsafe cplatform_nvml_close(library) }

  package func deviceCount() throws(PlatformError) -> Int {
    var count: UInt32 = 0
    try Self.check(unsafe cplatform_nvml_count(library, &count))
    return Int(count)
  }

  package func state() throws(PlatformError) -> State {
    var found = cplatform_nvml_state()
    try Self.check(unsafe cplatform_nvml_state(library, &found))
    let environment: Environment =
      switch found.environment {
      case 0: .none
      case 1: .simulation
      case 2: .production
      default: .other(found.environment)
      }
    return State(
      environment: environment, isEnabled: found.is_enabled == 1, hasDeveloperTools: found.has_developer_tools != 0)
  }

  /// Whether programs may use the GPUs.
  package func isReady() throws(PlatformError) -> Bool {
    var ready: UInt32 = 0
    try Self.check(unsafe cplatform_nvml_is_ready(library, &ready))
    return ready != 0
  }

  package func setReady(_ ready: Bool) throws(PlatformError) {
    try Self.check(unsafe cplatform_nvml_set_ready(library, ready ? 1 : 0))
  }

  /// The KBS protocol's word for the kind of a GPU.
  package func architecture(of device: Int) throws(PlatformError) -> String {
    var found: UInt32 = 0
    try Self.check(unsafe cplatform_nvml_architecture(library, UInt32(device), &found))
    switch found {
    case 9: return "HOPPER"
    case 10: return "BLACKWELL"
    default: throw .gpuUnsupported(architecture: found)
    }
  }

  /// PEM, the device's own certificate first.
  package func certificateChain(of device: Int) throws(PlatformError) -> [UInt8] {
    try unsafe filled(Int(CPLATFORM_NVML_CHAIN_MAX)) { bytes, count in
      unsafe cplatform_nvml_chain(library, UInt32(device), bytes, count)
    }
  }

  /// A signed report over 32 bytes of ours.
  package func report(of device: Int, nonce: [UInt8]) throws(PlatformError) -> [UInt8] {
    precondition(nonce.count == Int(CPLATFORM_NVML_NONCE), "a nonce has 32 bytes")
    return try unsafe filled(Int(CPLATFORM_NVML_REPORT_MAX)) { bytes, count in
      unsafe cplatform_nvml_report(library, UInt32(device), nonce, bytes, count)
    }
  }

  private func filled(
    _ capacity: Int, _ body: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32
  ) throws(PlatformError) -> [UInt8] {
    var result: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      result = unsafe body(buffer.baseAddress, &count)
    }
    try Self.check(result)
    guard !bytes.isEmpty else { throw .malformedReport }
    return bytes
  }

  private static func check(_ result: Int32) throws(PlatformError) {
    switch result {
    case 0: return
    case -ENOENT: throw .noGPULibrary
    case -EPROTO: throw .malformedReport
    default: throw .gpuLibrary(result)
    }
  }

  /// How many GPUs the bus shows, whether or not a driver has them. `nil` where the kernel lists nothing.
  package static func countOnBus(_ path: String = busPath) -> Int? {
    guard let entries = try? FileTree.open(path).entries() else { return nil }
    return entries.count { entry in
      // The entries are links of the kernel's.
      guard word("\(path)/\(entry.name)/vendor") == "0x10de" else { return false }
      return word("\(path)/\(entry.name)/class").map { displayClasses.contains(String($0.prefix(6))) } ?? false
    }
  }

  /// Display controllers, with and without a connector.
  private static let displayClasses = ["0x0300", "0x0302"]

  private static func word(_ path: String) -> String? {
    guard let bytes = try? SmallFile.read(path, limitBytes: 4096) else { return nil }
    return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
