import Bytes
import Cryptography
import Testing

@testable import Measurement

/// What goes into a measurement, and that everything that does changes it. Agreement with calculators that are not ours
/// is a suite of its own.
@Suite struct LaunchTests {
  private func launch(
    _ firmware: TestFirmware = TestFirmware(), count: Int = 2, cpu: String = "EPYC-Milan", features: UInt64 = 1,
    monitor: GuestMonitor = .qemu, boot: DirectBoot? = nil
  ) throws -> String {
    let image = try FirmwareImage(firmware.bytes)
    let launch = try SNPLaunch(
      firmware: image, processorCount: count, processor: try VirtualProcessor(named: cpu), features: features,
      monitor: monitor, boot: boot)
    return Hex.encode(try launch.digest())
  }

  private func boot(_ kernel: String = "kernel", _ initrd: String = "initrd", _ line: String = "quiet") throws
    -> DirectBoot
  {
    try DirectBoot(kernel: Array(kernel.utf8), initrd: Array(initrd.utf8), commandLine: line)
  }

  @Test func everyInputOfALaunchChangesItsDigest() throws {
    let sample = TestFirmware()
    let digests = try [
      launch(), launch(count: 1), launch(count: 3), launch(cpu: "EPYC-Genoa"), launch(features: 0x21),
      launch(monitor: .ec2), launch(monitor: .gce), launch(boot: boot()), launch(boot: boot("other")),
      launch(boot: boot("kernel", "other")), launch(boot: boot("kernel", "initrd", "loud")),
      launch(with(sample) { $0.edit = { $0[0] ^= 1 } }), launch(with(sample) { $0.resetVector = 0x80_C004 }),
      launch(with(sample) { $0.sevSections.swapAt(0, 1) }), launch(with(sample) { $0.sevSections[0].size = 0x1000 }),
      launch(with(sample) { $0.hashTable = 0x80_4800 }, boot: boot()),
    ]
    #expect(Set(digests).count == digests.count)
  }

  @Test func aKernelThatWouldNotBeMeasuredIsRefused() throws {
    let without = with(TestFirmware()) { $0.sevSections.removeLast() }
    #expect(throws: MeasurementError.kernelNotMeasured) { try launch(without, boot: boot()) }
    for place in [nil, 0] as [UInt32?] {
      #expect(throws: MeasurementError.kernelNotMeasured) {
        try launch(with(TestFirmware()) { $0.hashTable = place }, boot: boot())
      }
    }
    for place in [0x80_5000, 0x80_4FFF] as [UInt32] {
      let error = MeasurementError.malformed(ParseError("firmware.hashTable.address", .outOfRange))
      #expect(throws: error) { try launch(with(TestFirmware()) { $0.hashTable = place }, boot: boot()) }
    }
    #expect(throws: MeasurementError.self) { try boot("kernel", "initrd", "a\0b") }
  }

  @Test func oneProcessorNeedsNoResetBlock() throws {
    let without = with(TestFirmware()) { $0.resetVector = nil }
    _ = try launch(without, count: 1)
    #expect(throws: MeasurementError.metadataMissing("SEV-ES reset block")) { try launch(without, count: 2) }
    for count in [0, 513] { #expect(throws: MeasurementError.processorCount) { try launch(count: count) } }
  }

  @Test func processorsAreKnownByTheirSignature() throws {
    let signatures: [(String, UInt32)] = [
      ("EPYC", 0x0080_0F12), ("EPYC-v4", 0x0080_0F12), ("EPYC-Rome", 0x0083_0F10), ("EPYC-Milan-v2", 0x00A0_0F11),
      ("EPYC-Genoa", 0x00A1_0F10), ("EPYC-Turin", 0x00B0_0F00), ("25/1/1", 0x00A0_0F11), ("6/15/3", 0x6F3),
    ]
    for (name, signature) in signatures { #expect(try VirtualProcessor(named: name).signature == signature) }
    for name in [
      "", "epyc", "EPYC-v", "EPYC-v0", "EPYC-v123", "EPYC-vx", "1/2", "1/2/3/4", "256/1/1", "25/1/16", "25//1",
    ] {
      #expect(throws: MeasurementError.processorUnknown) { try VirtualProcessor(named: name) }
    }
  }

  /// By hand for one page and one chunk more: names, addresses and zeros as the module hashes them.
  @Test func aDomainsMeasurementIsThatOfItsPages() throws {
    let sample = TestFirmware()
    let image = try FirmwareImage(sample.bytes)
    func block(_ name: String, _ address: UInt64) -> [UInt8] {
      var text = ByteWriter()
      text.append(name)
      text.zeros(16 - name.utf8.count)
      text.littleEndian(address)
      text.zeros(104)
      return text.bytes
    }
    var text: [UInt8] = []
    for page in 1..<4 {
      text += block("MEM.PAGE.ADD", 0xFFFF_C000 + UInt64(page) * 4096)
      for chunk in 0..<16 {
        let offset = page * 4096 + chunk * 256
        text += block("MR.EXTEND", 0xFFFF_C000 + UInt64(offset)) + sample.bytes[offset..<offset + 256]
      }
    }
    for address in [0xFFFF_C000, 0x80_9000, 0x80_A000, 0x80_0000] as [UInt64] { text += block("MEM.PAGE.ADD", address) }
    #expect(try TDXBuild(firmware: image).mrTD() == Hash.sha384.digest(text))
    #expect(try TDXBuild(firmware: image, order: .sectionBySection).mrTD() != Hash.sha384.digest(text))
  }

  @Test func everySectionOfADomainChangesItsMeasurement() throws {
    let sample = TestFirmware()
    func mrTD(_ change: (inout TestFirmware) -> Void) throws -> [UInt8] {
      try TDXBuild(firmware: FirmwareImage(with(sample, change).bytes)).mrTD()
    }
    let values = try [
      mrTD { _ in }, mrTD { $0.tdxSections[1].attributes = 1 }, mrTD { $0.tdxSections[2].address += 0x10_0000 },
      mrTD { $0.tdxSections[2].memory = 0x1000 }, mrTD { $0.tdxSections.swapAt(2, 3) },
      mrTD { $0.tdxSections.removeLast() }, mrTD { $0.edit = { $0[0x1800] ^= 1 } },
    ]
    #expect(Set(values).count == values.count)
  }

  /// Memory that the guest adds itself is no part of what it starts with.
  @Test func pagesAddedLaterAreNotMeasured() throws {
    let later = with(TestFirmware()) { $0.tdxSections.append((0, 0, 0x10_0000, 0x1000, 4, 2)) }
    let early = with(TestFirmware()) { $0.tdxSections.append((0, 0, 0x10_0000, 0x1000, 4, 0)) }
    let kinds = try [later, early].map { try TDXMetadata(of: FirmwareImage($0.bytes)).sections.last?.isAddedLater }
    #expect(kinds == [true, false])
    #expect(
      try TDXBuild(firmware: FirmwareImage(later.bytes)).mrTD() != TDXBuild(firmware: FirmwareImage(early.bytes)).mrTD()
    )
  }
}
