/// TDATTRIBUTES: what the TD was started with.
///
/// Shape: u64. Bits 0 to 7 make a TD one that its host can look into, whichever of them is set. Spec: Intel TDX Module
/// ABI, ATTRIBUTES.
package struct TDAttributes: Sendable, Hashable {
  package let raw: UInt64

  package init(raw: UInt64) { self.raw = raw }

  package var isDebug: Bool { bit(0) }
  /// DEBUG and the other bits of its group.
  package var underDebugBits: UInt64 { raw & 0xFF }
  package var isInstructionCountDisabled: Bool { bit(16) }
  package var isServiceTDExtended: Bool { bit(17) }
  package var isLASSEnabled: Bool { bit(27) }
  /// SEPT_VE_DISABLE: an access to a page the host took away ends the TD instead of telling it.
  package var isSEPTVEDisabled: Bool { bit(28) }
  package var isMigratable: Bool { bit(29) }
  package var isProtectionKeysEnabled: Bool { bit(30) }
  package var isKeyLockerEnabled: Bool { bit(31) }
  package var isTDPartitioningAware: Bool { bit(62) }
  package var isPerformanceMonitored: Bool { bit(63) }

  /// Bits that no known revision of the specification defines, apart from `underDebugBits`.
  package var unknownBits: UInt64 { raw & ~(Self.known | 0xFF) }

  private static let known: UInt64 = {
    let bits: [UInt64] = [16, 17, 27, 28, 29, 30, 31, 62, 63]
    return bits.reduce(0) { $0 | 1 << $1 }
  }()

  private func bit(_ number: UInt64) -> Bool { raw >> number & 1 == 1 }
}
