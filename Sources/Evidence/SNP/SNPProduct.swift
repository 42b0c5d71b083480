/// The processor generations that have their own AMD root key.
package enum SNPProduct: String, Sendable, Hashable, CaseIterable {
  case milan = "Milan"
  /// Also Bergamo and Siena, which are endorsed by the keys of Genoa.
  case genoa = "Genoa"
  case turin = "Turin"

  /// The generation of a CPUID family and model, both as combined values; `nil` when no keys are known for it.
  package init?(_ cpu: CPUIdentity) {
    switch (cpu.family, cpu.model) {
    case (0x19, 0x00...0x0F): self = .milan
    case (0x19, 0x10...0x1F), (0x19, 0xA0...0xAF): self = .genoa
    case (0x1A, 0x00...0x11): self = .turin
    default: return nil
    }
  }

  package var layout: TCBVersion.Layout { self == .turin ? .family1A : .family19 }

  /// Significant bytes of a chip id; the report pads with zeros to 64.
  package var chipIDByteCount: Int { self == .turin ? 8 : 64 }
}

/// CPUID family, model and stepping as a report of version 3 or later states them (combined values).
package struct CPUIdentity: Sendable, Hashable {
  package let family: UInt8
  package let model: UInt8
  package let stepping: UInt8

  package init(family: UInt8, model: UInt8, stepping: UInt8) {
    self.family = family
    self.model = model
    self.stepping = stepping
  }
}
