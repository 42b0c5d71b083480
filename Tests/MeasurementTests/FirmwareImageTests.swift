import Bytes
import Testing

@testable import Measurement

/// Firmware says of itself what the platform will be asked to measure; what contradicts itself is refused.
@Suite struct FirmwareImageTests {
  private func refusal(_ change: (inout TestFirmware) -> Void) -> String? {
    do throws(MeasurementError) {
      let image = try FirmwareImage(with(TestFirmware(), change).bytes)
      _ = try SEVMetadata(of: image)
      _ = try TDXMetadata(of: image)
      return nil
    } catch { return "\(error)" }
  }

  @Test func theSampleIsRead() throws {
    #expect(refusal { _ in } == nil)
    let image = try FirmwareImage(TestFirmware().bytes)
    #expect(image.address == 0xFFFF_C000)
    #expect(try SEVMetadata(of: image).sections.map(\.kind) == [.memory, .secrets, .cpuid, .kernelHashes])
    #expect(try TDXMetadata(of: image).sections.map(\.count) == [0x3000, 0x1000, 0x2000, 0x1000])
  }

  @Test func imagesAreWholePages() {
    let bytes = TestFirmware().bytes
    for count in [0, 1, 4095, bytes.count - 1] {
      #expect(throws: MeasurementError.self) { try FirmwareImage(Array(bytes.suffix(count))) }
    }
    #expect(throws: MeasurementError.metadataMissing("table of GUIDs at its end")) {
      try FirmwareImage([UInt8](repeating: 0, count: 4046) + [18] + [UInt8](repeating: 0, count: 49))
    }
  }

  /// Each number of the table at its edges: refused, or read within the image.
  @Test func noEntryLeavesTheTable() {
    let sample = TestFirmware().bytes
    for offset in (sample.count - 32 - 130)..<(sample.count - 32) {
      for value: UInt8 in [0, 1, 17, 0x7F, 0xFF] {
        var bytes = sample
        bytes[offset] = value
        guard let image = try? FirmwareImage(bytes) else { continue }
        _ = try? SEVMetadata(of: image)
        _ = try? TDXBuild(firmware: image).mrTD()
      }
    }
    #expect(refusal { $0.entries = [("00f771de-1a7e-4fcb-890e-68c77e2fb44e", [1])] } == "firmware.table: appears twice")
    #expect(
      refusal {
        $0.edit = {
          $0[$0.count - 50] = 0xFF; $0[$0.count - 49] = 0xFF
        }
      } != nil)
  }

  @Test func metadataOfSEVIsStrict() {
    let changes: [(String, (inout TestFirmware) -> Void)] = [
      ("sevMetadata.type: unexpected content", { $0.sevSections[0].type = 7 }),
      ("sevMetadata.version: unexpected content", { $0.sevVersion = 2 }),
      ("sevMetadata.section: value out of range", { $0.sevSections[0].address += 1 }),
      ("sevMetadata.section: value out of range", { $0.sevSections[0].size = 0 }),
      ("sevMetadata.section: value out of range", { $0.sevSections[0].size = 0x800 }),
      ("sevMetadata.section: value out of range", { $0.sevSections[0].size = 0xFFFF_F000 }),
      ("sevMetadata.size: value out of range", { $0.sevSections[1].size = 0x2000 }),
      ("sevMetadata.signature: unexpected content", { $0.edit = { $0[0x1000] ^= 1 } }),
      ("sevMetadata.length: not in the one permitted form", { $0.edit = { $0[0x1004] ^= 1 } }),
      ("sevMetadata.count: longer than permitted", { $0.edit = { $0[0x100D] = 1 } }),
    ]
    for (text, change) in changes { #expect(refusal(change) == text) }
  }

  @Test func metadataOfTDXIsStrict() {
    let changes: [(String, (inout TestFirmware) -> Void)] = [
      ("tdxMetadata.type: unexpected content", { $0.tdxSections[0].type = 9 }),
      ("tdxMetadata.type: missing", { $0.tdxSections.remove(at: 0) }),
      ("tdxMetadata.attributes: unexpected content", { $0.tdxSections[0].attributes = 0 }),
      ("tdxMetadata.attributes: unexpected content", { $0.tdxSections[0].attributes = 4 }),
      ("tdxMetadata.attributes: unexpected content", { $0.tdxSections[2].attributes = 2 }),
      ("tdxMetadata.memory: value out of range", { $0.tdxSections[0].address += 1 }),
      ("tdxMetadata.memory: value out of range", { $0.tdxSections[0].memory = 0 }),
      ("tdxMetadata.memory: value out of range", { $0.tdxSections[2].address = 1 << 48 }),
      ("tdxMetadata.memory: appears twice", { $0.tdxSections[3].address = 0x80_A000 }),
      (
        "tdxMetadata.memorySize: longer than permitted",
        { ($0.tdxSections[2].address, $0.tdxSections[2].memory) = (1 << 40, 1 << 40) }
      ),
      ("tdxMetadata.data: value out of range", { $0.tdxSections[0].size = 0x4000 }),
      ("tdxMetadata.data: value out of range", { $0.tdxSections[0].memory = 0x2000 }),
      ("tdxMetadata.data: unexpected content", { $0.tdxSections[2].size = 0x1000 }),
      ("tdxMetadata.signature: unexpected content", { $0.edit = { $0[0x2000] ^= 1 } }),
      ("tdxMetadata.length: not in the one permitted form", { $0.edit = { $0[0x2004] ^= 1 } }),
    ]
    for (text, change) in changes {
      let found = refusal(change)
      #expect(found?.hasPrefix(text) == true, "\(found ?? "accepted") instead of \(text)")
    }
  }
}
