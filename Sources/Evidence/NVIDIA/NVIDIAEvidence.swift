package import Bytes

/// The report of one device with the certificates of its key. Well-formed as far as it is parsed; unverified.
package struct DeviceEvidence: Sendable, Equatable {
  package let report: DeviceReport
  /// PEM, the device's own certificate first; empty when a bare report came without any.
  package let certificateChain: [UInt8]
  /// What the sender calls its kind; believed by nobody.
  package let claimedArchitecture: String?

  package init(report: DeviceReport, certificateChain: [UInt8], claimedArchitecture: String? = nil) {
    self.report = report
    self.certificateChain = certificateChain
    self.claimedArchitecture = claimedArchitecture
  }
}

/// The GPUs, and the switches between them, of one guest. Unverified, and even when it is proved, evidence of devices
/// names no guest: by itself it authorises nothing.
package struct NVIDIAEvidence: Sendable, Equatable {
  package let devices: [DeviceEvidence]

  /// Eight GPUs and four switches are the largest machine; more would only buy work.
  package static let deviceLimit = 16
  private static let chainLimitBytes = 0x1400 + 1024

  package init(devices: [DeviceEvidence]) { self.devices = devices }

  /// A bare report, whose certificates have to come from elsewhere.
  package init(raw bytes: [UInt8]) throws(EvidenceError) {
    devices = [DeviceEvidence(report: try DeviceReport(bytes), certificateChain: [])]
  }

  /// Reads the KBS evidence of `nvidia`, `{"device_evidence_list":[…]}`, or that list by itself as NVIDIA's own tools
  /// write it.
  ///
  /// Spec: KBS protocol, evidence `nvidia`. Reports are base64 or, from older guests, hexadecimal.
  package init(kbsJSON value: JSONValue) throws(EvidenceError) {
    var devices: [DeviceEvidence] = []
    for item in try Self.items(value) { devices.append(try Self.device(item)) }
    self.devices = devices
  }

  private static func items(_ value: JSONValue) throws(EvidenceError) -> [JSONValue] {
    let list: [JSONValue]
    do throws(ParseError) {
      if let bare = value.arrayValue {
        list = bare
      } else {
        var reader = try JSONReader(value, "")
        list = try reader.array("device_evidence_list")
      }
      guard !list.isEmpty else { throw ParseError("device_evidence_list", .missing) }
      guard list.count <= deviceLimit else { throw ParseError("device_evidence_list", .tooLong) }
    } catch { throw .malformed(error) }
    return list
  }

  private static func device(_ item: JSONValue) throws(EvidenceError) -> DeviceEvidence {
    let (report, chain): ([UInt8], [UInt8])
    let architecture: String?
    do throws(ParseError) {
      var reader = try JSONReader(item, "device_evidence_list")
      architecture = try reader.optionalString("arch")
      report = try decode(
        try reader.string("evidence"), limit: DeviceReport.limitBytes, "device_evidence_list.evidence")
      chain = try decode(try reader.string("certificate"), limit: chainLimitBytes, "device_evidence_list.certificate")
    } catch { throw .malformed(error) }
    return DeviceEvidence(
      report: try DeviceReport(report), certificateChain: chain, claimedArchitecture: architecture)
  }

  private static func decode(_ text: String, limit: Int, _ field: StaticString) throws(ParseError) -> [UInt8] {
    guard text.utf8.count <= limit * 2 else { throw ParseError(field, .tooLong) }
    if let bytes = try? Hex.decode(text, field) { return bytes }
    return try Base64.decode(text, padding: .optional, field)
  }

  /// The JSON that guests send; `init(kbsJSON:)` reads it back.
  package var kbsJSON: JSONValue {
    let list = devices.map { device in
      JSONValue.object([
        ("arch", .string(device.claimedArchitecture ?? "HOPPER")), ("uuid", "unknown"),
        ("evidence", .string(Base64.encode(device.report.bytes))),
        ("certificate", .string(Base64.encode(device.certificateChain))),
      ])
    }
    return .object([("device_evidence_list", .array(list))])
  }
}
