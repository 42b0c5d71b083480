/// What the report states of the host.
///
/// Shape: u64. Spec: SEV-SNP Firmware ABI, PLATFORM_INFO.
package struct PlatformInfo: Sendable, Hashable {
  package let raw: UInt64

  package init(raw: UInt64) { self.raw = raw }

  package var isSMTEnabled: Bool { bit(0) }
  package var isTSMEEnabled: Bool { bit(1) }
  package var isECCEnabled: Bool { bit(2) }
  package var isRAPLDisabled: Bool { bit(3) }
  package var isCiphertextHidingEnabled: Bool { bit(4) }
  /// The memory alias check of the firmware has passed since the last reset.
  package var isAliasCheckComplete: Bool { bit(5) }
  /// Bits that no known revision of the specification defines (6 and 7 are known: IOMMU writes, trusted I/O).
  package var unknownBits: UInt64 { raw & ~0xFF }

  private func bit(_ number: UInt64) -> Bool { raw >> number & 1 == 1 }
}
