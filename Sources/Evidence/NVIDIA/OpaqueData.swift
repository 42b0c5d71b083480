import Bytes

/// What a device says of itself beside its measurements: versions, ids and states. Signed with them, unverified here.
///
/// Shape: fields of a type and bytes, each at most once, in any order; a field that is there has its exact size. Spec:
/// NVIDIA device report, opaque data.
package struct OpaqueData: Sendable, Equatable {
  /// Every field by its type, known or not.
  package let fields: [UInt16: [UInt8]]
  /// `550.90.07`; `nil` for a switch.
  package let driverVersion: String?
  /// `96.00.9f.00.01`, lower case for a GPU; of a switch the version of its BIOS.
  package let firmwareVersion: String?
  package let project: String?
  package let projectSKU: String?
  package let chipSKU: String?
  /// `GB100`; absent in reports of Hopper.
  package let chipInfo: String?
  /// SHA-384 of the firmware that signs.
  package let firmwareID: [UInt8]?
  package let decoder: DecoderState
  package let mode: DeviceMode?
  /// 8 bytes each: of a GPU the switch behind each link, zeros for a link that is off; of a switch its own alone.
  package let switchIDs: [[UInt8]]
  /// Of a switch: the GPUs it sees.
  package let connectedGPUs: [[UInt8]]
  /// Of a switch.
  package let isLocked: Bool?

  init(fields: [(type: UInt16, data: [UInt8])]) throws(EvidenceError) {
    let known = Dictionary(fields.map { ($0.type, $0.data) }) { first, _ in first }
    let reader = FieldReader(fields: known)
    self.fields = known
    do throws(ParseError) {
      driverVersion = try reader.text(.driverVersion)
      firmwareVersion = try reader.firmwareVersion()
      project = try reader.text(.project)
      projectSKU = try reader.text(.projectSKU)
      chipSKU = try reader.text(.chipSKU)
      chipInfo = try reader.text(.chipInfo)
      firmwareID = try reader.bytes(.firmwareID, count: 48)
      decoder = try reader.decoder()
      mode = try reader.mode()
      switchIDs = try reader.ids(.switchIDs)
      connectedGPUs = try reader.connectedGPUs()
      isLocked = try reader.bytes(.lockStatus, count: 2).map { $0 == [1, 0] }
    } catch { throw .malformed(error) }
  }
}

/// Whether the first video decoder is there: where it is not, its measurement says nothing.
package enum DecoderState: Sendable, Equatable {
  /// The report does not say; its measurement counts.
  case absent
  case enabled, disabled
  case unknown(UInt8)
}

/// How GPUs of one guest may reach one another.
package enum DeviceMode: String, Sendable {
  /// One GPU by itself.
  case singleGPU = "SPT"
  /// Several, over encrypted links.
  case multiGPU = "MPT"
  /// Several, over switches that are attested as well.
  case protectedPCIe = "PPCIE"
}

/// The types of opaque fields that are read.
private enum OpaqueField: UInt16 {
  case driverVersion = 3
  case firmwareVersion = 6
  case decoder = 11
  case chipSKU = 15
  case project = 17
  case projectSKU = 18
  case firmwareID = 20
  case protectedPCIe = 21
  case switchIDs = 22
  case lockStatus = 25
  case connectedGPUs = 26
  case chipInfo = 35
  case featureFlag = 36
}

private struct FieldReader {
  let fields: [UInt16: [UInt8]]

  private static let textLimit = 32
  private static let idCount = 8

  func bytes(_ field: OpaqueField, count: Int) throws(ParseError) -> [UInt8]? {
    guard let data = fields[field.rawValue] else { return nil }
    guard data.count == count else { throw ParseError("deviceReport.opaque.\(field)", .outOfRange) }
    return data
  }

  /// Letters, digits, dots and what else versions and ids are made of, so that it can stand in a name; NULs may end it.
  func text(_ field: OpaqueField) throws(ParseError) -> String? {
    guard let data = fields[field.rawValue] else { return nil }
    return try text(data, "deviceReport.opaque.\(field)")
  }

  private func text(_ data: [UInt8], _ field: String) throws(ParseError) -> String {
    let text = data.prefix { $0 != 0 }
    guard data[text.endIndex...].allSatisfy({ $0 == 0 }) else { throw ParseError(field, .unexpected) }
    guard !text.isEmpty, text.count <= Self.textLimit else { throw ParseError(field, .outOfRange) }
    guard text.allSatisfy(Self.isNameCharacter) else { throw ParseError(field, .unexpected) }
    return String(decoding: text, as: UTF8.self)
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"): true
    default: false
    }
  }

  /// Of a GPU eight bytes, of which the first four stand in reverse; of a switch text.
  func firmwareVersion() throws(ParseError) -> String? {
    guard let data = fields[OpaqueField.firmwareVersion.rawValue] else { return nil }
    guard data.count == 8 else { return try text(data, "deviceReport.opaque.firmwareVersion") }
    return [data[3], data[2], data[1], data[0], data[4]].map { Hex.encode([$0]) }.joined(separator: ".")
  }

  func decoder() throws(ParseError) -> DecoderState {
    guard let data = try bytes(.decoder, count: 1) else { return .absent }
    switch data[0] {
    case 0xAA: return .enabled
    case 0x55: return .disabled
    default: return .unknown(data[0])
    }
  }

  /// The flag of newer reports; else what older ones say of protected PCIe.
  func mode() throws(ParseError) -> DeviceMode? {
    if let flag = try bytes(.featureFlag, count: 2) {
      let modes: [UInt8: DeviceMode] = [0: .singleGPU, 1: .multiGPU, 2: .protectedPCIe]
      guard flag[1] == 0, let mode = modes[flag[0]] else {
        throw ParseError("deviceReport.opaque.featureFlag", .unexpected)
      }
      return mode
    }
    guard let state = try bytes(.protectedPCIe, count: 1) else { return nil }
    switch state[0] {
    case 0xAA: return .protectedPCIe
    case 0x55: return .singleGPU
    default: throw ParseError("deviceReport.opaque.protectedPCIe", .unexpected)
    }
  }

  func ids(_ field: OpaqueField) throws(ParseError) -> [[UInt8]] {
    guard let data = fields[field.rawValue] else { return [] }
    guard data.count % 8 == 0 else { throw ParseError("deviceReport.opaque.\(field)", .outOfRange) }
    return stride(from: 0, to: data.count, by: 8).map { Array(data[$0..<$0 + 8]) }
  }

  /// Eight ids, and behind them a map of ports that is not read.
  func connectedGPUs() throws(ParseError) -> [[UInt8]] {
    Array(try ids(.connectedGPUs).prefix(Self.idCount))
  }
}
