import Bytes
import Cryptography

/// Everything that goes into the launch digest of an SEV-SNP guest, and the digest.
///
/// Spec: AMD, SEV Secure Nested Paging Firmware ABI, SNP_LAUNCH_UPDATE, PAGE_INFO.
package struct SNPLaunch: Sendable {
  package let firmware: FirmwareImage
  package let processorCount: Int
  package let processor: VirtualProcessor
  /// SEV_FEATURES of every processor; bit 0 is SEV-SNP itself.
  package let features: UInt64
  package let monitor: GuestMonitor
  package let boot: DirectBoot?

  package init(
    firmware: FirmwareImage, processorCount: Int, processor: VirtualProcessor, features: UInt64 = 1,
    monitor: GuestMonitor = .qemu, boot: DirectBoot? = nil
  ) throws(MeasurementError) {
    guard (1...512).contains(processorCount) else { throw .processorCount }
    self.firmware = firmware
    self.processorCount = processorCount
    self.processor = processor
    self.features = features
    self.monitor = monitor
    self.boot = boot
  }

  /// 48 bytes: MEASUREMENT of the guest's reports.
  ///
  /// - Throws: `.metadataMissing` and `.malformed` for firmware that does not say what it needs, `.kernelNotMeasured` for
  ///   a kernel that it would start unmeasured.
  package func digest() throws(MeasurementError) -> [UInt8] {
    var digest = LaunchDigest()
    digest.addPages(firmware.bytes, at: firmware.address)
    try addSections(to: &digest)
    try addProcessors(to: &digest)
    return digest.value
  }

  private func addSections(to digest: inout LaunchDigest) throws(MeasurementError) {
    let sections = try SEVMetadata(of: firmware).sections
    guard boot == nil || sections.contains(where: { $0.kind == .kernelHashes }) else { throw .kernelNotMeasured }
    // EC2 adds the CPUID page when everything else is in place.
    let isLate = { (section: SEVMetadata.Section) in monitor == .ec2 && section.kind == .cpuid }
    for section in sections.filter({ !isLate($0) }) + sections.filter(isLate) { try add(section, to: &digest) }
  }

  private func add(_ section: SEVMetadata.Section, to digest: inout LaunchDigest) throws(MeasurementError) {
    switch section.kind {
    case .memory: digest.addEmpty(monitor == .gce ? .unmeasured : .zero, at: section.address, count: section.count)
    case .callingArea: digest.addEmpty(.zero, at: section.address, count: section.count)
    case .secrets: digest.addEmpty(.secrets, at: section.address, count: section.count)
    case .cpuid: digest.addEmpty(.cpuid, at: section.address, count: section.count)
    case .kernelHashes:
      guard let boot else { return digest.addEmpty(.zero, at: section.address, count: section.count) }
      digest.addPages(try hashPage(boot, section), at: section.address)
    }
  }

  /// The table of digests at the place in its page that the firmware names.
  private func hashPage(_ boot: DirectBoot, _ section: SEVMetadata.Section) throws(MeasurementError) -> [UInt8] {
    guard let address = try firmware.number(.sevHashTable), address != 0 else { throw .kernelNotMeasured }
    let table = boot.table
    let offset = Int(address) % FirmwareImage.pageBytes
    guard UInt64(address) - UInt64(offset) == section.address, offset + table.count <= FirmwareImage.pageBytes else {
      throw .malformed(ParseError("firmware.hashTable.address", .outOfRange))
    }
    let rest = FirmwareImage.pageBytes - offset - table.count
    return [UInt8](repeating: 0, count: offset) + table + [UInt8](repeating: 0, count: rest)
  }

  private func addProcessors(to digest: inout LaunchDigest) throws(MeasurementError) {
    func page(_ start: UInt32) -> [UInt8] {
      SaveArea.page(start: start, processor: processor, features: features, monitor: monitor)
    }
    digest.addProcessor(page(SaveArea.resetVector))
    guard processorCount > 1 else { return }
    guard let start = try firmware.number(.sevResetBlock) else { throw .metadataMissing("SEV-ES reset block") }
    let others = page(start)
    for _ in 1..<processorCount { digest.addProcessor(others) }
  }
}

/// The running digest of SNP_LAUNCH_UPDATE: each page is hashed together with all before it.
private struct LaunchDigest {
  enum PageType: UInt8 { case normal = 1, processor, zero, unmeasured, secrets, cpuid }

  private(set) var value = [UInt8](repeating: 0, count: 48)

  /// Where the security processor records the registers: the highest page of 52 bits, cut to 48.
  private static let processorAddress: UInt64 = 0xFFFF_FFFF_F000

  mutating func addPages(_ bytes: [UInt8], at address: UInt64) {
    for offset in stride(from: 0, to: bytes.count, by: FirmwareImage.pageBytes) {
      let content = Hash.sha384.digest(bytes[offset..<offset + FirmwareImage.pageBytes])
      add(.normal, at: address + UInt64(offset), content)
    }
  }

  /// Pages whose content does not count.
  mutating func addEmpty(_ type: PageType, at address: UInt64, count: Int) {
    for offset in stride(from: 0, to: count, by: FirmwareImage.pageBytes) {
      add(type, at: address + UInt64(offset), [UInt8](repeating: 0, count: 48))
    }
  }

  mutating func addProcessor(_ page: [UInt8]) { add(.processor, at: Self.processorAddress, Hash.sha384.digest(page)) }

  private mutating func add(_ type: PageType, at address: UInt64, _ content: [UInt8]) {
    var info = ByteWriter(reserving: 0x70)
    info.append(value)
    info.append(content)
    info.littleEndian(UInt16(0x70))
    info.append(byte: type.rawValue)
    info.zeros(5)  // no initial migration image; no permissions for the other privilege levels
    info.littleEndian(address)
    value = Hash.sha384.digest(info.bytes)
  }
}
