import Bytes
import Evidence

extension ClaimVocabulary {
  /// The claims that only a platform with attested GPUs has. GPUs of one platform are of one mode.
  static let gpuEntries: [String: Entry] = [
    "gpuCount": Entry(kind: .integer) { facts in facts.devices.map { .integer(UInt64($0.gpus.count)) } },
    "gpuModel": Entry(kind: .text) { common($0) { $0.chip } },
    "gpuMode": Entry(kind: .word(["SPT", "MPT", "PPCIE"])) { common($0) { $0.mode.rawValue } },
    "gpuDriver": Entry(kind: .text) { common($0) { $0.driver } },
    "gpuTopologyProved": Entry(kind: .flag) { facts in facts.devices.map { .flag($0.isTopologyProved) } },
  ]

  /// What all GPUs say alike.
  private static func common(_ facts: Facts, _ text: (DeviceFacts.GPU) -> String) -> ClaimValue? {
    let all = Set((facts.devices?.gpus ?? []).map(text))
    return all.count == 1 ? all.first.map { .text($0) } : nil
  }
}
