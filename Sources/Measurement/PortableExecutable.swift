import Bytes
import Cryptography

/// An EFI program, such as a kernel, by what firmware measures of it. Unverified.
///
/// Spec: Microsoft, Windows Authenticode Portable Executable Signature Format, calculating the image hash; PE format.
package struct PortableExecutable: Sendable {
  private let bytes: [UInt8]
  private let checksum: Range<Int>
  private let certificateEntry: Range<Int>
  private let headerCount: Int
  private let certificateCount: Int
  /// By their place in the file.
  private let sections: [Range<Int>]

  private static let sectionLimit = 96

  private static func read(_ bytes: [UInt8]) throws(ParseError) -> PortableExecutable {
    var cursor = ByteCursor(bytes)
    guard try cursor.bytes(2, "image.signature").elementsEqual("MZ".utf8) else {
      throw ParseError("image.signature", .unexpected)
    }
    _ = try cursor.bytes(58, "image.header")
    let start = Int(try cursor.littleEndian("image.peOffset", as: UInt32.self))
    guard start >= cursor.offset, start <= bytes.count else { throw ParseError("image.peOffset", .outOfRange) }
    _ = try cursor.bytes(start - cursor.offset, "image.stub")
    guard try cursor.bytes(4, "image.pe").elementsEqual([0x50, 0x45, 0, 0]) else {
      throw ParseError("image.pe", .unexpected)
    }
    _ = try cursor.bytes(2, "image.machine")
    let sectionCount = Int(try cursor.littleEndian("image.sectionCount", as: UInt16.self))
    guard sectionCount <= sectionLimit else { throw ParseError("image.sectionCount", .tooLong) }
    _ = try cursor.bytes(12, "image.fileHeader")
    let optionalCount = Int(try cursor.littleEndian("image.optionalSize", as: UInt16.self))
    _ = try cursor.bytes(2, "image.characteristics")
    let optional = try OptionalHeader(try cursor.bytes(optionalCount, "image.optional"), at: start + 24)
    var sections: [Range<Int>] = []
    for _ in 0..<sectionCount { sections.append(try section(&cursor, in: bytes.count)) }
    guard optional.headerCount >= cursor.offset, optional.headerCount <= bytes.count else {
      throw ParseError("image.headerSize", .outOfRange)
    }
    let sorted = sections.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    try requireOrder(sorted, from: optional.headerCount)
    guard optional.certificateCount <= bytes.count - (sorted.last?.upperBound ?? optional.headerCount) else {
      throw ParseError("image.certificates", .outOfRange)
    }
    return PortableExecutable(
      bytes: bytes, checksum: optional.checksum, certificateEntry: optional.certificateEntry,
      headerCount: optional.headerCount, certificateCount: optional.certificateCount, sections: sorted)
  }

  private static func section(_ cursor: inout ByteCursor, in size: Int) throws(ParseError) -> Range<Int> {
    _ = try cursor.bytes(16, "image.section.name")
    let count = try cursor.littleEndian("image.section.size", as: UInt32.self)
    let offset = try cursor.littleEndian("image.section.offset", as: UInt32.self)
    _ = try cursor.bytes(16, "image.section.rest")
    return try cursor.range(count == 0 ? 0 : offset, count: count, within: size, "image.section")
  }

  private static func requireOrder(_ sections: [Range<Int>], from start: Int) throws(ParseError) {
    var end = start
    for section in sections {
      guard section.lowerBound >= end else { throw ParseError("image.section", .duplicate) }
      end = section.upperBound
    }
  }

  /// The Authenticode digest with SHA-384: what firmware extends an RTMR by when it starts the program.
  package var digest: [UInt8] {
    var stream = HashStream(.sha384)
    stream.update(bytes[..<checksum.lowerBound])
    stream.update(bytes[checksum.upperBound..<certificateEntry.lowerBound])
    stream.update(bytes[certificateEntry.upperBound..<headerCount])
    for section in sections { stream.update(bytes[section]) }
    // What lies behind the sections, without the certificates, by count and not by place.
    let hashed = headerCount + sections.reduce(0) { $0 + $1.count }
    if bytes.count > hashed + certificateCount { stream.update(bytes[hashed..<(bytes.count - certificateCount)]) }
    return stream.finish()
  }
}

extension PortableExecutable {
  /// - Throws: `.malformed` for a file that is no PE image, or whose parts do not lie in it in order.
  package init(_ bytes: [UInt8]) throws(MeasurementError) {
    do throws(ParseError) { self = try Self.read(bytes) } catch { throw .malformed(error) }
  }
}

/// The part of a PE header that its digest depends on.
private struct OptionalHeader {
  let checksum: Range<Int>
  let certificateEntry: Range<Int>
  let headerCount: Int
  let certificateCount: Int

  /// - Parameter start: of the header in the file.
  init(_ header: ArraySlice<UInt8>, at start: Int) throws(ParseError) {
    var cursor = ByteCursor(header)
    let directories: Int
    switch try cursor.littleEndian("image.magic", as: UInt16.self) {
    case 0x10B: directories = 96
    case 0x20B: directories = 112
    default: throw ParseError("image.magic", .unexpected)
    }
    _ = try cursor.bytes(58, "image.optional")
    headerCount = Int(try cursor.littleEndian("image.headerSize", as: UInt32.self))
    checksum = start + 64..<start + 68
    _ = try cursor.bytes(4, "image.checksum")
    _ = try cursor.bytes(directories - 4 - cursor.offset, "image.optional")
    // Without an entry for certificates there would be nothing to leave out: no image of an EFI program is so short.
    guard try cursor.littleEndian("image.directoryCount", as: UInt32.self) >= 5 else {
      throw ParseError("image.directoryCount", .outOfRange)
    }
    _ = try cursor.bytes(32, "image.directories")
    certificateEntry = start + directories + 32..<start + directories + 40
    _ = try cursor.bytes(4, "image.certificates.offset")
    certificateCount = Int(try cursor.littleEndian("image.certificates.size", as: UInt32.self))
  }
}
