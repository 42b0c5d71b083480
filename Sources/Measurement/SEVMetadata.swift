import Bytes

/// The pages that firmware wants the monitor to prepare in an SEV-SNP guest before it starts. Unverified.
///
/// Shape: `ASEV`, u32 length, u32 version 1, u32 count, then 12 bytes each: u32 address, u32 length, u32 type. Spec: OVMF,
/// ResetVector, OvmfSevMetadata.
struct SEVMetadata: Sendable {
  enum Kind: UInt32, Sendable {
    case memory = 1
    case secrets
    case cpuid
    case callingArea
    case kernelHashes = 0x10
  }

  struct Section: Sendable, Equatable {
    let kind: Kind
    let address: UInt64
    let count: Int
  }

  let sections: [Section]

  private static let sectionLimit = 64

  init(of firmware: FirmwareImage) throws(MeasurementError) {
    guard let bytes = try firmware.descriptor(.sevMetadata) else { throw .metadataMissing("SEV metadata") }
    do throws(ParseError) {
      sections = try Self.read(bytes)
    } catch { throw .malformed(error) }
  }

  private static func read(_ bytes: ArraySlice<UInt8>) throws(ParseError) -> [Section] {
    var cursor = ByteCursor(bytes)
    guard try cursor.bytes(4, "sevMetadata.signature").elementsEqual("ASEV".utf8) else {
      throw ParseError("sevMetadata.signature", .unexpected)
    }
    let length = try cursor.littleEndian("sevMetadata.length", as: UInt32.self)
    guard try cursor.littleEndian("sevMetadata.version", as: UInt32.self) == 1 else {
      throw ParseError("sevMetadata.version", .unexpected)
    }
    let count = try cursor.littleEndian("sevMetadata.count", as: UInt32.self)
    guard count <= sectionLimit else { throw ParseError("sevMetadata.count", .tooLong) }
    guard length == 16 + 12 * count else { throw ParseError("sevMetadata.length", .notCanonical) }
    var sections: [Section] = []
    for _ in 0..<count { sections.append(try section(&cursor)) }
    return sections
  }

  private static func section(_ cursor: inout ByteCursor) throws(ParseError) -> Section {
    let address = try cursor.littleEndian("sevMetadata.address", as: UInt32.self)
    let count = try cursor.littleEndian("sevMetadata.size", as: UInt32.self)
    let type = try cursor.littleEndian("sevMetadata.type", as: UInt32.self)
    guard let kind = Kind(rawValue: type) else { throw ParseError("sevMetadata.type", .unexpected) }
    let page = UInt32(FirmwareImage.pageBytes)
    guard address % page == 0, count % page == 0, count > 0, count <= UInt32(FirmwareImage.limitBytes) else {
      throw ParseError("sevMetadata.section", .outOfRange)
    }
    guard kind == .memory || kind == .callingArea || count == page else {
      throw ParseError("sevMetadata.size", .outOfRange)
    }
    return Section(kind: kind, address: UInt64(address), count: Int(count))
  }
}
