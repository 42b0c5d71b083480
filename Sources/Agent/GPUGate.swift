import Bytes
import Cryptography
package import Platform
import Telemetry

/// The GPUs of this pod: their evidence, and the gate in front of them. Closed until the broker has released the key to
/// these very GPUs; closed again when anything is wrong.
///
/// Spec: NVML, ready state: until it is set no program can use a GPU in confidential mode.
package struct GPUGate: Sendable {
  private static let closingAttempts = 3

  private let nvml: NVML
  private let busPath: String
  private let acceptingReadyGPUs: Bool
  /// SHA-256 of the certificates that were sent to the broker, sorted: the same every time that it is asked for a key.
  private let attested = Locked<[[UInt8]]?>(nil)
  /// Whether it was this gate that let programs in.
  private let isOpen = Locked(false)

  package init(_ nvml: NVML, busPath: String = NVML.busPath, acceptingReadyGPUs: Bool = false) {
    self.nvml = nvml
    self.busPath = busPath
    self.acceptingReadyGPUs = acceptingReadyGPUs
  }

  /// The evidence of every GPU, as the KBS protocol's `nvidia` has it; empty for a machine without one.
  ///
  /// - Parameter digest: over the device runtime data; the GPUs answer its first 32 bytes.
  package func evidence(_ digest: [UInt8]) throws(AgentError) -> String {
    let count = try asking { () throws(PlatformError) in try nvml.deviceCount() }
    try checkMachine(count)
    guard count > 0 else {
      try keep([])
      return ""
    }
    let nonce = Array(digest.prefix(32))
    var items: [JSONValue] = []
    var identities: [[UInt8]] = []
    for device in 0..<count {
      let (kind, chain, report) = try asking { () throws(PlatformError) in
        (
          try nvml.architecture(of: device), try nvml.certificateChain(of: device),
          try nvml.report(of: device, nonce: nonce)
        )
      }
      identities.append(Hash.sha256.digest(chain))
      items.append(
        .object([
          ("arch", .string(kind)), ("uuid", "unknown"), ("evidence", .string(Base64.encode(report))),
          ("certificate", .string(Base64.encode(chain))),
        ]))
    }
    guard Set(identities).count == count else { throw .gpus(.repeated) }
    try keep(Self.sorted(identities))
    let list: JSONValue = .object([("nvidia", .object([("device_evidence_list", .array(items))]))])
    return String(decoding: CanonicalJSON.encode(list), as: UTF8.self)
  }

  /// A key that was released already went to the GPUs that were shown then.
  private func keep(_ shown: [[UInt8]]) throws(AgentError) {
    let isSame = attested.withLock { attested in
      if attested == nil { attested = shown }
      return attested == shown
    }
    guard isSame else { throw .gpus(.changed) }
  }

  /// What no report shows: nothing may use the GPUs yet, nobody may look into them, and none is hidden from the driver.
  private func checkMachine(_ count: Int) throws(AgentError) {
    if let onBus = NVML.countOnBus(busPath), onBus != count {
      throw .gpus(.hidden(onBus: onBus, found: count))
    }
    guard count > 0 else { return }
    let (state, isReady) = try asking { () throws(PlatformError) in (try nvml.state(), try nvml.isReady()) }
    guard state.isEnabled, state.environment == .production else { throw .gpus(.notConfidential) }
    guard !state.hasDeveloperTools else { throw .gpus(.developerTools) }
    guard !isReady || acceptingReadyGPUs else { throw .gpus(.alreadyReady) }
  }

  /// Lets programs use the GPUs, once the broker has released the key: the same GPUs before and after.
  ///
  /// - Throws: `gpus`; the gate is closed then.
  package func open() throws(AgentError) {
    guard let wanted = attested.withLock({ $0 }), !wanted.isEmpty else { return }
    do throws(AgentError) {
      try requireSame(wanted)
      isOpen.withLock { $0 = true }
      try asking { () throws(PlatformError) in try nvml.setReady(true) }
      guard try asking({ () throws(PlatformError) in try nvml.isReady() }) else { throw AgentError.gpus(.notOpened) }
      try requireSame(wanted)
    } catch {
      close()
      throw error
    }
  }

  /// Nothing may use the GPUs any more. Harmless when nothing might.
  /// - Returns: whether they are closed.
  @discardableResult
  package func close() -> Bool {
    guard isOpen.withLock({ $0 }) else { return true }
    for _ in 0..<Self.closingAttempts {
      guard (try? nvml.setReady(false)) != nil, (try? nvml.isReady()) == false else { continue }
      isOpen.withLock { $0 = false }
      return true
    }
    return false
  }

  private func requireSame(_ wanted: [[UInt8]]) throws(AgentError) {
    let count = try asking { () throws(PlatformError) in try nvml.deviceCount() }
    var identities: [[UInt8]] = []
    for device in 0..<count {
      let chain = try asking { () throws(PlatformError) in try nvml.certificateChain(of: device) }
      identities.append(Hash.sha256.digest(chain))
    }
    guard Self.sorted(identities) == wanted else { throw .gpus(.changed) }
  }

  private static func sorted(_ identities: [[UInt8]]) -> [[UInt8]] {
    identities.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func asking<T>(_ body: () throws(PlatformError) -> T) throws(AgentError) -> T {
    do throws(PlatformError) { return try body() } catch { throw .gpus(.library(error)) }
  }
}
