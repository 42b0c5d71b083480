package import Bytes

/// Evidence of one technology, well-formed to its last byte and believed by nobody yet.
package enum UnverifiedEvidence: Sendable, Equatable {
  case snp(SNPEvidence)
  case tdx(TDXEvidence)
  case nvidia(NVIDIAEvidence)

  package var tee: TEE {
    switch self {
    case .snp: .snp
    case .tdx: .tdx
    case .nvidia: .nvidia
    }
  }

  /// Reads the `primary_evidence` of a KBS request under the technology it names.
  ///
  /// - Throws: `.sampleTEE` for evidence without hardware, `.unsupportedTEE` for technologies known by name only.
  package static func parse(tee: TEE, kbsJSON: JSONValue) throws(EvidenceError) -> UnverifiedEvidence {
    switch tee {
    case .snp: .snp(try SNPEvidence(kbsJSON: kbsJSON))
    case .tdx: .tdx(try TDXEvidence(kbsJSON: kbsJSON))
    case .nvidia: .nvidia(try NVIDIAEvidence(kbsJSON: kbsJSON))
    case .sample, .sampleDevice: throw .sampleTEE
    default: throw .unsupportedTEE(tee)
    }
  }

  /// Reads what a file holds: a quote, a raw or an extended report, a device's report, their hexadecimal or base64 text,
  /// or KBS evidence JSON.
  ///
  /// - Parameter tee: the technology to expect; `nil` recognises it by structure.
  package static func parse(bytes: [UInt8], tee: TEE? = nil) throws(EvidenceError) -> UnverifiedEvidence {
    let content = try FileContent(bytes)
    guard let named = tee ?? content.tee else { throw .unrecognised }
    switch content {
    case .json(let value): return try parse(tee: named, kbsJSON: value)
    case .binary(let bytes):
      switch named {
      case .snp: return .snp(try SNPEvidence(raw: bytes))
      case .tdx: return .tdx(try TDXEvidence(raw: bytes))
      case .nvidia: return .nvidia(try NVIDIAEvidence(raw: bytes))
      default: return try parse(tee: named, kbsJSON: .null)
      }
    }
  }

  /// As `parse(bytes:)`, recognising the technology.
  package static func detect(bytes: [UInt8]) throws(EvidenceError) -> UnverifiedEvidence { try parse(bytes: bytes) }
}

/// A file after its text wrapping, if any, is taken off.
private enum FileContent {
  case json(JSONValue)
  case binary([UInt8])

  init(_ bytes: [UInt8]) throws(EvidenceError) {
    guard let text = Self.trimmedText(bytes) else {
      self = .binary(bytes)
      return
    }
    if Self.beginsJSON(text) {
      do throws(ParseError) {
        self = .json(try StrictJSON.parse(text, limits: .evidence))
      } catch { throw .malformed(error) }
    } else {
      self = .binary(try Self.unwrapped(text))
    }
  }

  /// The text without surrounding white space; `nil` when a byte of it is not printable ASCII or a line break (JSON may
  /// hold any UTF-8, so only its first byte counts).
  private static func trimmedText(_ bytes: [UInt8]) -> [UInt8]? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return nil }
    let text = Array(bytes[first...last])
    if beginsJSON(text) { return text }
    return text.allSatisfy { (0x21...0x7E).contains($0) || isSpace($0) } ? text.filter { !isSpace($0) } : nil
  }

  private static func beginsJSON(_ text: [UInt8]) -> Bool {
    text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[")
  }

  private static func unwrapped(_ text: [UInt8]) throws(EvidenceError) -> [UInt8] {
    let string = String(decoding: text.starts(with: "0x".utf8) ? text.dropFirst(2) : text[...], as: UTF8.self)
    if let bytes = try? Hex.decode(string, "evidence") { return bytes }
    if let bytes = try? Base64.decode(string, padding: .optional, "evidence") { return bytes }
    if let bytes = try? Base64.decode(string, .url, padding: .optional, "evidence") { return bytes }
    throw .unrecognised
  }

  /// The technology that the structure tells.
  var tee: TEE? {
    switch self {
    case .json(let value): Self.tee(of: value)
    case .binary(let bytes): Self.tee(of: bytes)
    }
  }

  private static func tee(of value: JSONValue) -> TEE? {
    if value["attestation_report"] != nil { return .snp }
    if value["hcl_report"] != nil || value["report"] != nil {
      return value["td_quote"] != nil ? .azTDXvTPM : .azSNPvTPM
    }
    if value["quote"] != nil { return .tdx }
    if value["device_evidence_list"] != nil || value.arrayValue != nil { return .nvidia }
    if value["svn"] != nil && value["report_data"] != nil { return .sample }
    return nil
  }

  /// A quote has a type of key in its second half-word, where a report's version ends in zeros, and the type of its TEE
  /// in the next word, where a report has its policy. A device's report begins with a request of its own. Everything else is read as a report, whose own errors tell more.
  private static func tee(of bytes: [UInt8]) -> TEE? {
    if bytes.starts(with: DeviceReport.beginning) { return .nvidia }
    var cursor = ByteCursor(bytes)
    guard let version = try? cursor.littleEndian("version", as: UInt16.self),
      let keyType = try? cursor.littleEndian("keyType", as: UInt16.self),
      let type = try? cursor.littleEndian("type", as: UInt32.self)
    else { return nil }
    guard (1...9).contains(version), keyType != 0 else { return .snp }
    switch type {
    case 0: return .sgx
    case 0x81: return .tdx
    default: return .snp
    }
  }
}
