import Bytes

/// Security versions of the platform's firmware, one byte each, in one of two layouts that the product decides.
///
/// Shape: 8 bytes, little-endian. Spec: SEV-SNP Firmware ABI, TCB_VERSION.
package struct TCBVersion: Sendable, Hashable {
  package enum Layout: Sendable, Hashable {
    /// Boot loader, TEE, four reserved, SNP, microcode: Milan and Genoa.
    case family19
    /// FMC, boot loader, TEE, SNP, three reserved, microcode: Turin.
    case family1A
  }

  /// The versions by name; `fmc` exists from Turin on.
  package struct Components: Sendable, Hashable {
    package let fmc: UInt8?
    package let bootLoader: UInt8
    package let tee: UInt8
    package let snp: UInt8
    package let microcode: UInt8

    package init(fmc: UInt8?, bootLoader: UInt8, tee: UInt8, snp: UInt8, microcode: UInt8) {
      self.fmc = fmc
      self.bootLoader = bootLoader
      self.tee = tee
      self.snp = snp
      self.microcode = microcode
    }

    /// No component lies below the one of `floor`. An FMC floor is not met by a platform without FMC.
    package func isAtLeast(_ floor: Components) -> Bool {
      (fmc ?? 0) >= (floor.fmc ?? 0) && bootLoader >= floor.bootLoader && tee >= floor.tee && snp >= floor.snp
        && microcode >= floor.microcode
    }
  }

  /// The eight bytes, first byte lowest.
  package let raw: UInt64

  package init(raw: UInt64) { self.raw = raw }

  package init(_ components: Components, layout: Layout) {
    let parts = components
    let bytes: [UInt8] =
      switch layout {
      case .family19: [parts.bootLoader, parts.tee, 0, 0, 0, 0, parts.snp, parts.microcode]
      case .family1A: [parts.fmc ?? 0, parts.bootLoader, parts.tee, parts.snp, 0, 0, 0, parts.microcode]
      }
    raw = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  package func components(_ layout: Layout) -> Components {
    func byte(_ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: raw >> (8 * index)) }
    return switch layout {
    case .family19: Components(fmc: nil, bootLoader: byte(0), tee: byte(1), snp: byte(6), microcode: byte(7))
    case .family1A: Components(fmc: byte(0), bootLoader: byte(1), tee: byte(2), snp: byte(3), microcode: byte(7))
    }
  }

  /// The bytes in memory order.
  package var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.littleEndian(raw)
    return writer.bytes
  }
}
