import Bytes

/// A UEFI firmware volume as a monitor maps it below 4 GiB, with the table that it keeps at its end. Unverified: the
/// measurement is what vouches for it.
///
/// Shape: whole pages; 32 bytes before the end a table of entries, each found from its end: data, u16 length of the whole
/// entry, GUID. Spec: OVMF, ResetVector, ResetVectorVtf0.
package struct FirmwareImage: Sendable {
  static let pageBytes = 4096
  package static let limitBytes = 64 << 20
  private static let entryHeaderBytes = 18
  private static let entryLimit = 64

  package let bytes: [UInt8]
  private let entries: [FirmwareGUID: ArraySlice<UInt8>]

  /// - Throws: `.malformed` unless it is whole pages, at most 64 MiB, with a table in which every entry has its length and
  ///   no GUID stands twice.
  package init(_ bytes: [UInt8]) throws(MeasurementError) {
    guard !bytes.isEmpty, bytes.count <= Self.limitBytes else { throw .malformed(ParseError("firmware", .tooLong)) }
    guard bytes.count % Self.pageBytes == 0 else { throw .malformed(ParseError("firmware.size", .notCanonical)) }
    self.bytes = bytes
    entries = try Self.entries(of: bytes[..<(bytes.count - 32)])
  }

  /// Where the monitor maps it: its last byte is the last one below 4 GiB.
  var address: UInt64 { (1 << 32) - UInt64(bytes.count) }

  private static func entries(
    of image: ArraySlice<UInt8>
  ) throws(MeasurementError) -> [FirmwareGUID: ArraySlice<UInt8>] {
    let table = try entry(endingAt: image)
    guard table.guid == .table else { throw .metadataMissing("table of GUIDs at its end") }
    var rest = table.data
    var entries: [FirmwareGUID: ArraySlice<UInt8>] = [:]
    while !rest.isEmpty {
      let next = try entry(endingAt: rest)
      guard entries.count < entryLimit else { throw .malformed(ParseError("firmware.table", .tooLong)) }
      guard entries.updateValue(next.data, forKey: next.guid) == nil else {
        throw .malformed(ParseError("firmware.table", .duplicate))
      }
      rest = rest.dropLast(next.data.count + entryHeaderBytes)
    }
    return entries
  }

  private static func entry(
    endingAt bytes: ArraySlice<UInt8>
  ) throws(MeasurementError) -> (guid: FirmwareGUID, data: ArraySlice<UInt8>) {
    guard bytes.count >= entryHeaderBytes else { throw .malformed(ParseError("firmware.table.entry", .truncated)) }
    let header = bytes.suffix(entryHeaderBytes)
    let count = Int(header[header.startIndex]) | Int(header[header.startIndex + 1]) << 8
    guard count >= entryHeaderBytes, count <= bytes.count else {
      throw .malformed(ParseError("firmware.table.entry", .outOfRange))
    }
    return (FirmwareGUID(header.suffix(16)), bytes.suffix(count).dropLast(entryHeaderBytes))
  }

  func has(_ guid: FirmwareGUID) -> Bool { entries[guid] != nil }

  /// The first 32-bit number of an entry; `nil` when there is no such entry.
  func number(_ guid: FirmwareGUID) throws(MeasurementError) -> UInt32? {
    guard let data = entries[guid] else { return nil }
    do throws(ParseError) {
      var cursor = ByteCursor(data)
      return try cursor.littleEndian("firmware.table.entry", as: UInt32.self)
    } catch { throw .malformed(error) }
  }

  /// The bytes from as many before the end as an entry says.
  func descriptor(_ guid: FirmwareGUID) throws(MeasurementError) -> ArraySlice<UInt8>? {
    guard let distance = try number(guid) else { return nil }
    guard distance > 0, Int(distance) <= bytes.count else {
      throw .malformed(ParseError("firmware.metadata.offset", .outOfRange))
    }
    return bytes[(bytes.count - Int(distance))...]
  }
}

/// A GUID in the order of bytes in which firmware stores it.
struct FirmwareGUID: Hashable, Sendable {
  let bytes: [UInt8]

  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// - Parameter text: the usual form of five groups; the first three are stored with the lowest byte first.
  init(_ text: StaticString) {
    let groups = "\(text)".split(separator: "-").map { (try? Hex.decode(String($0), "guid")) ?? [] }
    bytes = groups.prefix(3).flatMap { $0.reversed() } + groups.dropFirst(3).joined()
  }

  static let table = FirmwareGUID("96b582de-1fb2-45f7-baea-a366c55a082d")
  static let sevMetadata = FirmwareGUID("dc886566-984a-4798-a75e-5585a7bf67cc")
  static let sevHashTable = FirmwareGUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
  static let sevResetBlock = FirmwareGUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")
  static let tdxMetadata = FirmwareGUID("e47a6535-984a-4798-865e-4685a7bf8ec2")
}
