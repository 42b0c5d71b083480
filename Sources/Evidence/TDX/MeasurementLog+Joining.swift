import Bytes

extension MeasurementLog {
  private static let end = [UInt8](repeating: 0xFF, count: 8)

  /// The log that a guest sends with its quote: what firmware logged, what the attestation agent logged behind it, an end.
  ///
  /// Spec: KBS protocol, evidence `tdx`, combined event log.
  /// - Parameters:
  ///   - firmware: the whole area that ACPI's CCEL table names, padding included; `nil` when there is none.
  ///   - agent: events without a header; `nil` when there are none.
  /// - Returns: `nil` when there is neither.
  /// - Throws: `.malformed` when a verifier could not read the result.
  package static func joined(firmware: [UInt8]?, agent: [UInt8]?) throws(EvidenceError) -> [UInt8]? {
    guard firmware != nil || agent != nil else { return nil }
    var joined =
      try firmware.map { bytes throws(EvidenceError) in
        Array(bytes.prefix(try MeasurementLog(bytes).byteCount))
      } ?? header
    joined += (agent ?? []) + end
    _ = try MeasurementLog(joined)
    return joined
  }

  /// What precedes the events of a guest whose firmware logs nothing: 69 bytes, naming SHA-384 and SM3.
  private static var header: [UInt8] {
    var data = ByteWriter()
    data.append("Spec ID Event03\0")
    data.zeros(4)
    data.append([0, 2, 0, 2])
    data.littleEndian(2 as UInt32)
    for (algorithm, size) in [(0x0C, 48), (0x12, 32)] as [(UInt16, UInt16)] {
      data.littleEndian(algorithm)
      data.littleEndian(size)
    }
    data.zeros(1)
    var header = ByteWriter()
    header.zeros(4)
    header.littleEndian(3 as UInt32)
    header.zeros(20)
    header.littleEndian(UInt32(data.bytes.count))
    header.append(data.bytes)
    return header.bytes
  }
}
