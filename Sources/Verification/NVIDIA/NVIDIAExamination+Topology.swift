import Bytes
import Evidence

// What the devices are to one another.
extension NVIDIAExamination {
  /// Switches of a machine with protected PCIe, and the GPUs that each of them sees.
  private static let switchCount = 4
  private static let gpuCount = 8

  /// One family of GPUs in one mode; and where switches came along, exactly those that the GPUs see.
  mutating func checkTopology() throws(Refusal) -> Outcome {
    let gpus = devices.filter { !($0.carried?.family.isSwitch ?? false) }
    let switches = devices.filter { $0.carried?.family.isSwitch ?? false }
    guard devices.allSatisfy({ $0.carried != nil }) else { return .notReached }
    try requireAlike(gpus)
    guard !switches.isEmpty, !gpus.isEmpty else { return .notApplicable("no switch was attested with the GPUs") }
    for gpu in gpus where gpu.opaque.mode != .protectedPCIe {
      throw mismatch(
        "\(gpu.place).mode", gpu.opaque.mode?.rawValue ?? "none", wanted: DeviceMode.protectedPCIe.rawValue)
    }
    let seen = try switchesSeen(by: gpus)
    try requireSame(switches, as: seen)
    try requireSameGPUs(switches)
    isTopologyProved = true
    return .passed("\(gpus.count) GPUs behind \(switches.count) switches")
  }

  private func requireAlike(_ gpus: [ExaminedDevice]) throws(Refusal) {
    guard let first = gpus.first else { return }
    for gpu in gpus.dropFirst() {
      guard gpu.carried?.family == first.carried?.family else {
        throw Refusal(
          .modesMixed, "\(gpu.place).arch", got: gpu.carried?.chip, wanted: first.carried?.chip, genuine: true)
      }
      guard gpu.opaque.mode == first.opaque.mode else {
        throw Refusal(
          .modesMixed, "\(gpu.place).mode", got: gpu.opaque.mode?.rawValue ?? "none",
          wanted: first.opaque.mode?.rawValue ?? "none", genuine: true)
      }
    }
  }

  /// The four switches behind every GPU's links, which are the same for all of them.
  private func switchesSeen(by gpus: [ExaminedDevice]) throws(Refusal) -> Set<[UInt8]> {
    var common: Set<[UInt8]>?
    for gpu in gpus {
      let seen = Set(gpu.opaque.switchIDs.filter { $0.contains { $0 != 0 } })
      guard seen.count == Self.switchCount else {
        throw mismatch("\(gpu.place).switches", "\(seen.count)", wanted: "\(Self.switchCount)")
      }
      guard common == nil || common == seen else {
        throw mismatch("\(gpu.place).switches", "other switches than the first GPU's", wanted: "the same")
      }
      common = seen
    }
    return common ?? []
  }

  /// A switch writes its own id in the other order of bytes.
  private func requireSame(_ switches: [ExaminedDevice], as seen: Set<[UInt8]>) throws(Refusal) {
    var own = Set<[UInt8]>()
    for item in switches {
      guard item.opaque.switchIDs.count == 1, seen.contains(item.opaque.switchIDs[0].reversed()) else {
        throw mismatch("\(item.place).id", "a switch that no GPU sees", wanted: "one that the GPUs see")
      }
      guard own.insert(item.opaque.switchIDs[0]).inserted else {
        throw mismatch("\(item.place).id", "a switch twice", wanted: "\(Self.switchCount) switches")
      }
    }
    guard own.count == Self.switchCount else {
      throw mismatch("switches", "\(own.count)", wanted: "\(Self.switchCount)")
    }
  }

  private func requireSameGPUs(_ switches: [ExaminedDevice]) throws(Refusal) {
    let first = switches.first.map { Set($0.opaque.connectedGPUs) } ?? []
    for item in switches {
      let connected = Set(item.opaque.connectedGPUs)
      guard item.opaque.connectedGPUs.count == Self.gpuCount, connected.count == Self.gpuCount, connected == first
      else {
        throw mismatch("\(item.place).gpus", "\(connected.count) distinct GPUs", wanted: "the same \(Self.gpuCount)")
      }
    }
  }

  private func mismatch(_ field: String, _ got: String, wanted: String) -> Refusal {
    Refusal(.topologyMismatch, field, got: got, wanted: wanted, genuine: true)
  }
}
