package import Bytes

// CoCo guests send the report as a structure instead of its bytes. It is turned back into the 1184 bytes here, exactly:
// the signature is checked over what this file writes, so a wrong byte can refuse but never accept.

extension SNPReport {
  /// Reads `attestation_report` of the KBS evidence: a structure in today's or in the older shape, or base64 of the
  /// report's bytes.
  ///
  /// Spec: KBS protocol, evidence `snp`; unknown members are ignored, types are strict.
  package init(kbsJSON value: JSONValue) throws(EvidenceError) {
    if case .string(let text) = value {
      try self.init(try Self.decodeBase64(text))
      return
    }
    try self.init(try Self.reencode(value))
  }

  private static func decodeBase64(_ text: String) throws(EvidenceError) -> [UInt8] {
    if let bytes = try? Base64.decode(text, .standard, padding: .optional, "report") { return bytes }
    do throws(ParseError) {
      return try Base64.decode(text, .url, padding: .optional, "report")
    } catch { throw .malformed(error) }
  }

  private static func reencode(_ value: JSONValue) throws(EvidenceError) -> [UInt8] {
    let version: UInt32
    do throws(ParseError) {
      var json = try JSONReader(value, "attestation_report")
      version = try json.integer("version")
      if (2...5).contains(version) {
        var reader = KBSReportReader(json)
        return json.has("_author_key_en") ? try reader.olderShape() : try reader.shape(version: version)
      }
    } catch { throw .malformed(error) }
    throw .unsupportedVersion(version)
  }
}

/// Reads the members of a report structure and writes them at their place in the report.
struct KBSReportReader {
  var json: JSONReader
  private var report = ByteWriter(reserving: SNPReport.byteCount)

  init(_ json: JSONReader) { self.json = json }

  /// The shape of guests since 2025: reserved bytes are absent and stand for zero.
  mutating func shape(version: UInt32) throws(ParseError) -> [UInt8] {
    let family = try optional("cpuid_fam_id", as: UInt8.self)
    let layout: TCBVersion.Layout = family == 0x1A ? .family1A : .family19
    try identity()
    try tcb("current_tcb", layout)
    try u64("plat_info")
    try u32("key_info")
    report.zeros(4)
    try digests()
    try tcb("reported_tcb", layout)
    report.append(byte: family ?? 0)
    report.append(byte: try optional("cpuid_mod_id", as: UInt8.self) ?? 0)
    report.append(byte: try optional("cpuid_step", as: UInt8.self) ?? 0)
    report.zeros(21)
    try octets("chip_id", 64)
    try tcb("committed_tcb", layout)
    try firmware("current")
    try firmware("committed")
    try tcb("launch_tcb", layout)
    for name in ["launch_mit_vector", "current_mit_vector"] {
      let vector = try optional(name, as: UInt64.self) ?? 0
      report.littleEndian(version < 5 ? 0 : vector)
    }
    report.zeros(152)
    try signature()
    report.zeros(368)
    return report.bytes
  }

  /// The shape of older guests: reserved bytes are members, so every byte of the report is there in order.
  mutating func olderShape() throws(ParseError) -> [UInt8] {
    try identity()
    try olderTCB("current_tcb")
    try u64("plat_info")
    try u32("_author_key_en")
    try u32("_reserved_0")
    try digests()
    try olderTCB("reported_tcb")
    try octets("_reserved_1", 24)
    try octets("chip_id", 64)
    try olderTCB("committed_tcb")
    for name in ["build", "minor", "major"] { try u8("current_\(name)") }
    try u8("_reserved_2")
    for name in ["build", "minor", "major"] { try u8("committed_\(name)") }
    try u8("_reserved_3")
    try olderTCB("launch_tcb")
    try octets("_reserved_4", 168)
    try signature()
    var inner = try json.object("signature")
    report.append(try Self.octets("_reserved", 368, in: &inner))
    return report.bytes
  }

  private mutating func identity() throws(ParseError) {
    try u32("version")
    try u32("guest_svn")
    try u64("policy")
    try octets("family_id", 16)
    try octets("image_id", 16)
    try u32("vmpl")
    try u32("sig_algo")
  }

  private mutating func digests() throws(ParseError) {
    try octets("report_data", 64)
    try octets("measurement", 48)
    try octets("host_data", 32)
    try octets("id_key_digest", 48)
    try octets("author_key_digest", 48)
    try octets("report_id", 32)
    try octets("report_id_ma", 32)
  }

  private mutating func signature() throws(ParseError) {
    var inner = try json.object("signature")
    report.append(try Self.octets("r", 72, in: &inner))
    report.append(try Self.octets("s", 72, in: &inner))
  }

  /// `fmc` is a number exactly where the layout has it.
  private mutating func tcb(_ key: String, _ layout: TCBVersion.Layout) throws(ParseError) {
    var inner = try json.object(key)
    let fmc: UInt8? = try Self.optional("fmc", in: &inner)
    guard (fmc != nil) == (layout == .family1A) else { throw ParseError(inner.name("fmc"), .unexpected) }
    let components = TCBVersion.Components(
      fmc: fmc, bootLoader: try inner.integer("bootloader"), tee: try inner.integer("tee"),
      snp: try inner.integer("snp"), microcode: try inner.integer("microcode"))
    report.littleEndian(TCBVersion(components, layout: layout).raw)
  }

  private mutating func olderTCB(_ key: String) throws(ParseError) {
    var inner = try json.object(key)
    for name in ["bootloader", "tee"] { report.append(byte: try inner.integer(name)) }
    report.append(try Self.octets("_reserved", 4, in: &inner))
    for name in ["snp", "microcode"] { report.append(byte: try inner.integer(name)) }
  }

  private mutating func firmware(_ key: String) throws(ParseError) {
    var inner = try json.object(key)
    for name in ["build", "minor", "major"] { report.append(byte: try inner.integer(name)) }
    report.zeros(1)
  }

  private mutating func u8(_ key: String) throws(ParseError) { report.append(byte: try json.integer(key)) }
  private mutating func u32(_ key: String) throws(ParseError) {
    report.littleEndian(try json.integer(key, as: UInt32.self))
  }
  private mutating func u64(_ key: String) throws(ParseError) {
    report.littleEndian(try json.integer(key, as: UInt64.self))
  }

  private mutating func octets(_ key: String, _ count: Int) throws(ParseError) {
    report.append(try Self.octets(key, count, in: &json))
  }

  private mutating func optional<T: FixedWidthInteger>(_ key: String, as type: T.Type) throws(ParseError) -> T? {
    try Self.optional(key, in: &json)
  }

  /// Absent and `null` are the same here: the guest's serialiser writes either.
  private static func optional<T: FixedWidthInteger>(_ key: String, in reader: inout JSONReader) throws(ParseError)
    -> T?
  {
    guard let value = reader.optionalValue(key), !value.isNull else { return nil }
    return try reader.integer(key)
  }

  private static func octets(
    _ key: String, _ count: Int, in reader: inout JSONReader
  ) throws(ParseError) -> [UInt8] {
    let bytes = try [UInt8](kbsOctets: try reader.value(key), reader.name(key))
    guard bytes.count == count else { throw ParseError(reader.name(key), .outOfRange) }
    return bytes
  }
}

extension [UInt8] {
  /// Bytes as an array of numbers 0 to 255.
  init(kbsOctets value: JSONValue, _ field: String) throws(ParseError) {
    guard case .array(let items) = value else { throw ParseError(field, .wrongType) }
    self.init()
    reserveCapacity(items.count)
    for item in items {
      guard case .number = item else { throw ParseError(field, .wrongType) }
      guard let byte = item.integer(UInt8.self) else { throw ParseError(field, .outOfRange) }
      append(byte)
    }
  }
}
