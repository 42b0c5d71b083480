import Bytes

/// The page of registers with which a virtual processor of an SEV-SNP guest starts.
///
/// Spec: AMD64 APM volume 2, table B-4 (state save area for SEV-ES guests); the values are those of a processor at reset
/// and of the monitor.
struct SaveArea {
  /// Where the first processor starts.
  static let resetVector: UInt32 = 0xFFFF_FFF0

  private var page = [UInt8](repeating: 0, count: FirmwareImage.pageBytes)

  /// - Parameter start: the address of the first instruction.
  static func page(start: UInt32, processor: VirtualProcessor, features: UInt64, monitor: GuestMonitor) -> [UInt8] {
    var area = SaveArea()
    let registers = MonitorRegisters(monitor, start: start, processor)
    area.segments(start, registers)
    area.control(registers)
    area.put(0x178, UInt64(start & 0xFFFF))  // RIP
    area.put(0x310, UInt64(registers.rdx))
    area.put(0x3B0, features)  // SEV_FEATURES
    area.put(0x3E8, UInt64(1))  // XCR0
    area.put(0x408, registers.mxcsr)
    area.put(0x410, registers.x87Control)
    return area.page
  }

  private mutating func segments(_ start: UInt32, _ registers: MonitorRegisters) {
    let attributes: [(Int, UInt16)] = [
      (0x00, 0x93), (0x10, registers.cs), (0x20, registers.ss), (0x30, 0x93), (0x40, 0x93), (0x50, 0x93),  // ES to GS
      (0x60, 0), (0x70, 0x82), (0x80, 0), (0x90, registers.tr),  // GDTR, LDTR, IDTR, TR
    ]
    for (offset, value) in attributes {
      put(offset + 2, value)
      put(offset + 4, UInt32(0xFFFF))
    }
    put(0x10, UInt16(0xF000))
    put(0x18, UInt64(start & 0xFFFF_0000))
  }

  private mutating func control(_ registers: MonitorRegisters) {
    put(0xD0, UInt64(0x1000))  // EFER: SVME
    put(0x148, UInt64(0x40))  // CR4: MCE
    put(0x158, UInt64(0x10))  // CR0: ET
    put(0x160, UInt64(0x400))  // DR7
    put(0x168, UInt64(0xFFFF_0FF0))  // DR6
    put(0x170, UInt64(2))  // RFLAGS
    put(0x268, registers.pat)
  }

  private mutating func put<T: FixedWidthInteger & UnsignedInteger>(_ offset: Int, _ value: T) {
    for index in 0..<T.bitWidth / 8 { page[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index)) }
  }
}

/// The registers in which monitors differ.
private struct MonitorRegisters {
  var cs: UInt16 = 0x9B
  var ss: UInt16 = 0x93
  var tr: UInt16 = 0x8B
  var pat: UInt64 = 0x0007_0406_0007_0406
  var rdx: UInt32 = 0x600
  var mxcsr: UInt32 = 0
  var x87Control: UInt16 = 0

  init(_ monitor: GuestMonitor, start: UInt32, _ processor: VirtualProcessor) {
    switch monitor {
    case .qemu:
      rdx = processor.signature
      mxcsr = 0x1F80
      x87Control = 0x37F
    case .ec2:
      if start == SaveArea.resetVector { cs = 0x9A }
      (ss, tr) = (0x92, 0x83)
    case .gce: pat = 0x0007_0106
    }
  }
}
