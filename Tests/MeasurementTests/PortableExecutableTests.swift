import Bytes
import Cryptography
import Testing

@testable import Measurement

/// The digest of an EFI program: its checksum and its signatures are not part of it, everything else is.
@Suite struct PortableExecutableTests {
  /// 64-bit, two sections, 16 bytes behind them, and `certificates` bytes of signatures at the end.
  private func image(certificates: Int = 0, _ edit: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var image = ByteWriter()
    image.append("MZ")
    image.zeros(58)
    image.littleEndian(UInt32(64))
    image.append([0x50, 0x45, 0, 0, 0x64, 0x86])
    image.littleEndian(UInt16(2))
    image.zeros(12)
    image.littleEndian(UInt16(240))
    image.zeros(2)
    image.littleEndian(UInt16(0x20B))
    image.zeros(58)
    image.littleEndian(UInt32(512))
    image.append([0xC5, 0xC5, 0xC5, 0xC5])
    image.zeros(40)
    image.littleEndian(UInt32(16))
    image.zeros(32)
    image.littleEndian(UInt32(1040))
    image.littleEndian(UInt32(certificates))
    image.zeros(88)
    for offset in [768, 512] as [UInt32] {
      image.zeros(16)
      image.littleEndian(UInt32(256))
      image.littleEndian(offset)
      image.zeros(16)
    }
    image.zeros(512 - image.bytes.count)
    image.append((0..<528).map { UInt8(truncatingIfNeeded: $0) })
    image.append([UInt8](repeating: 0xCE, count: certificates))
    var bytes = image.bytes
    edit(&bytes)
    return bytes
  }

  private func digest(_ bytes: [UInt8]) throws -> [UInt8] { try PortableExecutable(bytes).digest }

  @Test func checksumAndSignaturesAreLeftOut() throws {
    let plain = image()
    let checksum = 64 + 24 + 64
    let entry = 64 + 24 + 144
    let wanted = Hash.sha384.digest(plain[..<checksum] + plain[(checksum + 4)..<entry] + plain[(entry + 8)...])
    #expect(try digest(plain) == wanted)
    #expect(try digest(image { $0[checksum] ^= 1 }) == wanted)
    #expect(try digest(image(certificates: 64)) == wanted)
    #expect(try digest(image(certificates: 64) { $0[1041] ^= 1 }) == wanted)
  }

  @Test func everyOtherByteCounts() throws {
    let wanted = try digest(image())
    for offset in [2, 65 + 8, 300, 511, 512, 767, 768, 1023, 1024, 1039] {
      let changed = try? digest(image { $0[offset] ^= 1 })
      #expect(changed != wanted, "\(offset)")
    }
  }

  @Test func whatIsNoImageIsRefused() {
    let whole = image()
    for count in 0..<1024 {
      #expect(throws: MeasurementError.self) { try PortableExecutable(Array(whole[..<count])) }
    }
    let edits: [(inout [UInt8]) -> Void] = [
      { $0[0] = 0 }, { $0[60] = 8 }, { $0[63] = 0xFF }, { $0[64] = 0 }, { $0[71] = 0xFF }, { $0[88] = 0 },
      { $0[149] = 0 }, { $0[149] = 0x40 }, { $0[88 + 108] = 4 }, { $0[236] = 0xFF }, { $0[350] = 0xFF },
      { $0[349] = 2 },
    ]
    for (index, edit) in edits.enumerated() {
      #expect(throws: MeasurementError.self, "\(index)") { try PortableExecutable(image(certificates: 64, edit)) }
    }
  }
}
