/// The processor that a guest sees: its CPUID signature, which the monitor puts into the first registers.
///
/// Spec: AMD, CPUID Specification, Fn0000_0001_EAX.
package struct VirtualProcessor: Sendable, Equatable {
  let signature: UInt32

  package init(family: UInt8, model: UInt8, stepping: UInt8) throws(MeasurementError) {
    guard stepping <= 0xF else { throw .processorUnknown }
    let (low, high) = (UInt32(min(family, 0xF)), UInt32(family > 0xF ? family - 0xF : 0))
    let (first, second) = (UInt32(model & 0xF), UInt32(model >> 4))
    signature = high << 20 | second << 16 | low << 8 | first << 4 | UInt32(stepping)
  }

  /// - Parameter text: a model of QEMU's, with or without its version, or `FAMILY/MODEL/STEPPING` in decimal.
  package init(named text: String) throws(MeasurementError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count == 3 {
      let numbers = parts.compactMap { UInt8($0) }
      guard numbers.count == 3 else { throw .processorUnknown }
      try self.init(family: numbers[0], model: numbers[1], stepping: numbers[2])
      return
    }
    guard let known = Self.models.first(where: { $0.name == text || Self.isVersion(text, of: $0.name) }) else {
      throw .processorUnknown
    }
    try self.init(family: known.family, model: known.model, stepping: known.stepping)
  }

  /// Every version of a model has its signature.
  private static func isVersion(_ text: String, of name: String) -> Bool {
    guard text.hasPrefix(name + "-v") else { return false }
    let digits = text.dropFirst(name.count + 2)
    return (1...2).contains(digits.count) && digits.allSatisfy { $0.isASCII && $0.isNumber } && digits.first != "0"
  }

  private static let models: [(name: String, family: UInt8, model: UInt8, stepping: UInt8)] = [
    ("EPYC", 23, 1, 2), ("EPYC-IBPB", 23, 1, 2), ("EPYC-Rome", 23, 49, 0), ("EPYC-Milan", 25, 1, 1),
    ("EPYC-Genoa", 25, 17, 0), ("EPYC-Turin", 26, 0, 0),
  ]
}

/// Whose monitor starts the guest: each sets the first registers and orders the pages in its own way.
package enum GuestMonitor: String, Sendable, CaseIterable {
  /// QEMU with KVM.
  case qemu
  /// Amazon EC2.
  case ec2
  /// Google Compute Engine.
  case gce
}
