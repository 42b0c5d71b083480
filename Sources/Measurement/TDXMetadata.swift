import Bytes

/// The sections that firmware wants in a trust domain's memory before it starts. Unverified.
///
/// Shape: `TDVF`, u32 length, u32 version 1, u32 count, then 32 bytes each: u32 offset and u32 length in the image, u64
/// address and u64 length in memory, u32 type, u32 attributes. Spec: Intel TDX Virtual Firmware Design Guide, TDVF
/// metadata.
struct TDXMetadata: Sendable {
  enum Kind: UInt32, Sendable {
    case bootVolume, configurationVolume, handOff, temporaryMemory, permanentMemory
  }

  struct Section: Sendable, Equatable {
    let kind: Kind
    /// In the image; what memory has beyond it is zero.
    let content: Range<Int>
    let address: UInt64
    let count: Int
    /// Its content goes into MRTD, beside its place.
    let isExtended: Bool
    /// Its pages are added later, by the guest.
    let isAddedLater: Bool
  }

  let sections: [Section]

  private static let sectionLimit = 64
  /// Pages of all sections that are there from the start.
  private static let memoryLimitBytes = 256 << 20

  init(of firmware: FirmwareImage) throws(MeasurementError) {
    guard let bytes = try firmware.descriptor(.tdxMetadata) else { throw .metadataMissing("TDX metadata") }
    do throws(ParseError) {
      sections = try Self.read(bytes, imageCount: firmware.bytes.count)
      try Self.requireOrder(sections)
    } catch { throw .malformed(error) }
  }

  private static func read(_ bytes: ArraySlice<UInt8>, imageCount: Int) throws(ParseError) -> [Section] {
    var cursor = ByteCursor(bytes)
    guard try cursor.bytes(4, "tdxMetadata.signature").elementsEqual("TDVF".utf8) else {
      throw ParseError("tdxMetadata.signature", .unexpected)
    }
    let length = try cursor.littleEndian("tdxMetadata.length", as: UInt32.self)
    guard try cursor.littleEndian("tdxMetadata.version", as: UInt32.self) == 1 else {
      throw ParseError("tdxMetadata.version", .unexpected)
    }
    let count = try cursor.littleEndian("tdxMetadata.count", as: UInt32.self)
    guard count <= sectionLimit else { throw ParseError("tdxMetadata.count", .tooLong) }
    guard length == 16 + 32 * count else { throw ParseError("tdxMetadata.length", .notCanonical) }
    var sections: [Section] = []
    for _ in 0..<count { sections.append(try section(&cursor, imageCount: imageCount)) }
    return sections
  }

  private static func section(_ cursor: inout ByteCursor, imageCount: Int) throws(ParseError) -> Section {
    let offset = try cursor.littleEndian("tdxMetadata.dataOffset", as: UInt32.self)
    let size = try cursor.littleEndian("tdxMetadata.dataSize", as: UInt32.self)
    let address = try cursor.littleEndian("tdxMetadata.address", as: UInt64.self)
    let memory = try cursor.littleEndian("tdxMetadata.memorySize", as: UInt64.self)
    let type = try cursor.littleEndian("tdxMetadata.type", as: UInt32.self)
    let attributes = try cursor.littleEndian("tdxMetadata.attributes", as: UInt32.self)
    guard let kind = Kind(rawValue: type) else { throw ParseError("tdxMetadata.type", .unexpected) }
    guard attributes <= 3 else { throw ParseError("tdxMetadata.attributes", .unexpected) }
    let page = UInt64(FirmwareImage.pageBytes)
    guard address % page == 0, memory % page == 0, memory > 0, address < 1 << 48, memory < 1 << 48 else {
      throw ParseError("tdxMetadata.memory", .outOfRange)
    }
    let content = try cursor.range(offset, count: size, within: imageCount, "tdxMetadata.data")
    let section = Section(
      kind: kind, content: content, address: address, count: Int(memory), isExtended: attributes & 1 == 1,
      isAddedLater: attributes & 2 == 2)
    try require(section)
    return section
  }

  /// Volumes come from the image, and the one that is run is measured; everything else starts as zeros.
  private static func require(_ section: Section) throws(ParseError) {
    switch section.kind {
    case .bootVolume, .configurationVolume:
      guard !section.content.isEmpty, section.content.count <= section.count else {
        throw ParseError("tdxMetadata.data", .outOfRange)
      }
    case .handOff, .temporaryMemory, .permanentMemory:
      guard section.content.isEmpty else { throw ParseError("tdxMetadata.data", .unexpected) }
    }
    guard section.kind != .bootVolume || section.isExtended && !section.isAddedLater else {
      throw ParseError("tdxMetadata.attributes", .unexpected)
    }
    guard section.kind == .permanentMemory || !section.isAddedLater else {
      throw ParseError("tdxMetadata.attributes", .unexpected)
    }
  }

  /// One boot volume at least, no byte of memory twice, and not more memory than firmware can want.
  private static func requireOrder(_ sections: [Section]) throws(ParseError) {
    guard sections.contains(where: { $0.kind == .bootVolume }) else { throw ParseError("tdxMetadata.type", .missing) }
    let sorted = sections.sorted { $0.address < $1.address }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.address + UInt64(first.count) > second.address {
      throw ParseError("tdxMetadata.memory", .duplicate)
    }
    var total = 0
    for section in sections where !section.isAddedLater {
      guard section.count <= memoryLimitBytes - total else { throw ParseError("tdxMetadata.memorySize", .tooLong) }
      total += section.count
    }
  }
}
