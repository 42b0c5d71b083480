/// The guest policy the owner started the guest under, as the report states it.
///
/// Shape: u64. Spec: SEV-SNP Firmware ABI, GUEST_POLICY.
package struct GuestPolicy: Sendable, Hashable {
  package let raw: UInt64

  package init(raw: UInt64) { self.raw = raw }

  package var abiMinor: UInt8 { UInt8(truncatingIfNeeded: raw) }
  package var abiMajor: UInt8 { UInt8(truncatingIfNeeded: raw >> 8) }
  package var isSMTAllowed: Bool { bit(16) }
  /// Bit 17, which the specification demands to be one.
  package var hasReservedOne: Bool { bit(17) }
  package var isMigrationAgentAllowed: Bool { bit(18) }
  package var isDebugAllowed: Bool { bit(19) }
  package var isSingleSocketRequired: Bool { bit(20) }
  package var isCXLAllowed: Bool { bit(21) }
  package var isMemoryAES256XTSRequired: Bool { bit(22) }
  package var isRAPLDisabled: Bool { bit(23) }
  package var isCiphertextHidingRequired: Bool { bit(24) }
  package var isPageSwapDisabled: Bool { bit(25) }
  /// Bits that no known revision of the specification defines.
  package var unknownBits: UInt64 { raw & ~0x3FF_FFFF }

  private func bit(_ number: UInt64) -> Bool { raw >> number & 1 == 1 }
}
