import Bytes
import Cryptography

/// The measurement of a trust domain's first memory.
///
/// Spec: Intel TDX Module, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND: each call hashes a block of 128 bytes with its name and the
/// page's address, an extension the 256 bytes of the chunk behind it.
package struct TDXBuild: Sendable {
  /// In which order a monitor adds pages and has their content measured; both are in use.
  package enum Order: String, Sendable, CaseIterable {
    /// Each page, and at once its chunks: KVM from Linux 6.16 on.
    case pageByPage
    /// All pages of a section, then all their chunks: earlier monitors.
    case sectionBySection
  }

  package let firmware: FirmwareImage
  package let order: Order

  package init(firmware: FirmwareImage, order: Order = .pageByPage) {
    self.firmware = firmware
    self.order = order
  }

  /// 48 bytes: MRTD of the guest's quotes.
  package func mrTD() throws(MeasurementError) -> [UInt8] {
    var stream = HashStream(.sha384)
    for section in try TDXMetadata(of: firmware).sections where !section.isAddedLater {
      let offsets = stride(from: 0, to: section.count, by: FirmwareImage.pageBytes)
      for offset in offsets {
        stream.update(Self.block("MEM.PAGE.ADD", section.address + UInt64(offset)))
        if section.isExtended, order == .pageByPage { extend(&stream, section, offset) }
      }
      guard section.isExtended, order == .sectionBySection else { continue }
      for offset in offsets { extend(&stream, section, offset) }
    }
    return stream.finish()
  }

  private static let chunkBytes = 256
  private static let blockBytes = 128

  /// The sixteen chunks of one page.
  private func extend(_ stream: inout HashStream, _ section: TDXMetadata.Section, _ page: Int) {
    for offset in stride(from: page, to: page + FirmwareImage.pageBytes, by: Self.chunkBytes) {
      stream.update(Self.block("MR.EXTEND", section.address + UInt64(offset)))
      let start = min(section.content.lowerBound + offset, section.content.upperBound)
      let chunk = firmware.bytes[start..<min(start + Self.chunkBytes, section.content.upperBound)]
      stream.update(chunk)
      stream.update([UInt8](repeating: 0, count: Self.chunkBytes - chunk.count))
    }
  }

  private static func block(_ name: String, _ address: UInt64) -> [UInt8] {
    var block = ByteWriter(reserving: blockBytes)
    block.append(name)
    block.zeros(16 - block.bytes.count)
    block.littleEndian(address)
    block.zeros(blockBytes - block.bytes.count)
    return block.bytes
  }
}
