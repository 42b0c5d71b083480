package import Bytes
import Cryptography
package import Evidence

/// A simulated GPU or switch: every field of its report and of its certificates can be set. It differs from a real one in
/// the root key only; nothing it says is true of any machine.
package struct SimulatedGPU: Sendable {
  package var authority: SimulatedNVIDIA
  package let index: Int
  package var bootROMKey: [UInt8]
  package var firmwareKey: [UInt8]
  /// `GH100` or `LS_10`.
  package var chip: String
  /// What its alternative name calls it; `nil`: the same.
  package var namedChip: String?
  package var deviceID: String
  package var serial: UInt64
  /// What the report says of the firmware, and what the certificate does; `nil` leaves it out.
  package var firmwareID: [UInt8]?
  package var certifiedFirmwareID: [UInt8]?
  /// Whose key the firmware's extension repeats; `nil`: the boot ROM's.
  package var firmwareIssuerKey: [UInt8]?
  package var driver: String?
  /// As the report has it: eight bytes of a GPU, text of a switch.
  package var vbios: [UInt8]
  package var project = "1010"
  package var projectSKU = "0200"
  package var chipSKU = "882"
  package var measurements: [[UInt8]]
  /// 0x55 off, 0xAA on; `nil` leaves it out.
  package var decoder: UInt8? = 0x55
  package var protectedPCIe: UInt8? = 0x55
  package var featureFlag: [UInt8]?
  package var switchIDs: [[UInt8]] = []
  package var connectedGPUs: [[UInt8]] = []
  package var lockStatus: [UInt8]?

  package var requestHead: [UInt8] = [0x11, 0xE0, 0x01, 0xFF]
  package var slot: UInt8 = 0
  package var responseHead: [UInt8] = [0x11, 0x60, 0x00, 0x00]
  package var trailingZeros = 0
  /// Changes the opaque fields, and the blocks, before they are signed.
  package var editOpaque: @Sendable (inout [(type: UInt16, data: [UInt8])]) -> Void = { _ in }
  package var editBlocks: @Sendable (inout [[UInt8]]) -> Void = { _ in }
  /// Bytes put over the report after it is signed, by offset.
  package var patches: [Int: [UInt8]] = [:]
  package var signingKey: [UInt8]?
  /// Change the certificates before they are signed, and their order after it.
  package var editLeaf: @Sendable (inout SimulatedCertificate) -> Void = { _ in }
  package var editBootROM: @Sendable (inout SimulatedCertificate) -> Void = { _ in }
  package var arrangeChain: @Sendable ([[UInt8]]) -> [[UInt8]] = { $0 }

  package init(_ index: Int = 0, keys: SimulatedNVIDIAKeys = .shared) {
    authority = SimulatedNVIDIA(keys: keys)
    self.index = index
    (bootROMKey, firmwareKey) = keys.devices[index]
    chip = "GH100"
    deviceID = "48B02D" + Hex.encode(Array(Hash.sha256.digest([UInt8(index)]).prefix(5))).uppercased()
    serial = 0x4143_0000 + UInt64(index)
    driver = "550.90.07"
    vbios = [0x00, 0x9F, 0x00, 0x96, 0x01, 0, 0, 0]
    let firmware = Hash.sha384.digest(Array("simulated firmware".utf8))
    (firmwareID, certifiedFirmwareID) = (firmware, firmware)
    measurements = (0..<64).map { SimulatedManifest.golden($0, in: SimulatedManifest.gpuIndexes) }
  }

  /// The switch of a machine whose GPUs talk over switches; of index 8 and up.
  package static func switchLS10(_ index: Int, keys: SimulatedNVIDIAKeys = .shared) -> SimulatedGPU {
    var device = SimulatedGPU(index, keys: keys)
    device.chip = "LS_10"
    device.driver = nil
    device.vbios = Array("96.10.55.00.01".utf8)
    device.firmwareID = nil
    device.decoder = nil
    device.protectedPCIe = nil
    device.lockStatus = [1, 0]
    device.measurements = (0..<31).map { SimulatedManifest.golden($0, in: SimulatedManifest.switchIndexes) }
    return device
  }

  package var vbiosVersion: String {
    guard vbios.count == 8 else { return String(decoding: vbios, as: UTF8.self) }
    return [vbios[3], vbios[2], vbios[1], vbios[0], vbios[4]].map { Hex.encode([$0]) }.joined(separator: ".")
  }

  // MARK: certificates

  private var bootROMName: SimulatedName {
    .nvidia("\(chip) A01 GSP BROM", serialNumber: String(serial, radix: 16).uppercased())
  }

  package var leafTemplate: SimulatedCertificate {
    let name = SimulatedName.nvidia(
      "\(chip) A01 GSP FMC LF", serialNumber: String(serial + 0x1_0000, radix: 16).uppercased())
    var template = authority.certificate(name, firmwareKey, by: (bootROMName, bootROMKey), serial + 0x1_0000)
    template.extensions = [SimulatedNVIDIA.keyUsage([0x03, 0x02, 0x07, 0x80])] + template.extensions
    template.extensions.append(alternativeName)
    if let certifiedFirmwareID { template.extensions.append(firmwareExtension(certifiedFirmwareID)) }
    editLeaf(&template)
    return template
  }

  package var bootROMTemplate: SimulatedCertificate {
    var template = authority.bootROMTemplate(bootROMName, key: bootROMKey, serial: serial)
    editBootROM(&template)
    return template
  }

  /// DMTF's name for a device.
  private var alternativeName: SimulatedExtension {
    let text = DERWriter.element(0x0C, Array("NVIDIA:\(namedChip ?? chip):\(deviceID)".utf8))
    let oid = DERWriter.element(0x06, [0x2B, 0x06, 0x01, 0x04, 0x01, 0x83, 0x1C, 0x82, 0x12, 0x01])
    return SimulatedExtension(
      "2.5.29.17", DERWriter.sequence([DERWriter.element(0xA0, oid + DERWriter.element(0xA0, text))]))
  }

  private func firmwareExtension(_ digest: [UInt8]) -> SimulatedExtension {
    let hash = DERWriter.element(0x06, [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02])
    return SimulatedExtension(
      "2.23.133.5.4.1",
      DERWriter.sequence([
        DERWriter.integer(1), firmwareIssuerKey ?? Mint.publicKey(of: bootROMKey),
        DERWriter.sequence([hash, DERWriter.element(0x04, digest)]),
      ]))
  }

  /// DER, the device's own first.
  package var certificates: [[UInt8]] {
    arrangeChain([
      leafTemplate.der, bootROMTemplate.der, authority.provisionerTemplate.der, authority.identityTemplate.der,
      authority.rootTemplate.der,
    ])
  }

  package var chainPEM: [UInt8] { Self.pem(certificates[...]) }

  /// Those above the device, which all devices share.
  package var issuersPEM: [UInt8] { Self.pem(certificates.dropFirst(2)) }

  private static func pem(_ certificates: ArraySlice<[UInt8]>) -> [UInt8] {
    certificates.flatMap { der in
      Array("-----BEGIN CERTIFICATE-----\n\(Base64.encode(der))\n-----END CERTIFICATE-----\n".utf8)
    }
  }

  // MARK: report

  package func report(nonce: [UInt8]) -> [UInt8] {
    precondition(nonce.count == 32, "a nonce has 32 bytes")
    var report = requestHead + nonce + [slot] + responseBody
    report += Mint.sign(report, key: signingKey ?? firmwareKey)
    for (offset, bytes) in patches { report.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    return report + [UInt8](repeating: 0, count: trailingZeros)
  }

  private var responseBody: [UInt8] {
    var blocks = measurements.enumerated().map { index, value in
      [UInt8(index + 1), 0x01, 51, 0, 0x01, 48, 0] + value
    }
    editBlocks(&blocks)
    let count = blocks.reduce(0) { $0 + $1.count }
    let length = [UInt8(count & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count >> 16)]
    var fields = opaqueFields
    editOpaque(&fields)
    let opaque = fields.flatMap { Self.half($0.type) + Self.half(UInt16($0.data.count)) + $0.data }
    let responder = Hash.sha256.digest(Array("responder \(index)".utf8))
    return responseHead + [UInt8(blocks.count)] + length + blocks.flatMap { $0 } + responder
      + Self.half(UInt16(opaque.count)) + opaque
  }

  private static func half(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

  private var opaqueFields: [(type: UInt16, data: [UInt8])] {
    var fields: [(type: UInt16, data: [UInt8])] = [(6, vbios)]
    func add(_ type: UInt16, _ data: [UInt8]?) { if let data { fields.append((type, data)) } }
    add(3, driver.map { Array($0.utf8) + [0] })
    add(11, decoder.map { [$0] })
    if driver != nil {
      add(15, Array(chipSKU.utf8) + [0])
      add(17, Array(project.utf8) + [0])
      add(18, Array(projectSKU.utf8) + [0])
    }
    add(20, firmwareID)
    add(21, protectedPCIe.map { [$0] })
    if !switchIDs.isEmpty { add(22, switchIDs.flatMap { $0 }) }
    add(25, lockStatus)
    if !connectedGPUs.isEmpty { add(26, connectedGPUs.flatMap { $0 } + [UInt8](repeating: 0xFF, count: 64)) }
    add(36, featureFlag)
    return fields
  }

  // MARK: evidence

  /// What a guest sends of it, whatever the knobs made of the report.
  package func kbsItem(nonce: [UInt8], architecture: String? = nil) -> JSONValue {
    .object([
      ("arch", .string(architecture ?? (driver == nil ? "LS10" : "HOPPER"))), ("uuid", "unknown"),
      ("evidence", .string(Base64.encode(report(nonce: nonce)))), ("certificate", .string(Base64.encode(chainPEM))),
    ])
  }

  /// - Throws: `EvidenceError` when a knob made the report malformed.
  package func evidence(nonce: [UInt8]) throws(EvidenceError) -> DeviceEvidence {
    DeviceEvidence(
      report: try DeviceReport(report(nonce: nonce)), certificateChain: chainPEM,
      claimedArchitecture: driver == nil ? "LS10" : "HOPPER")
  }
}
