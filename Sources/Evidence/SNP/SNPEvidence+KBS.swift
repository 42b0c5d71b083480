package import Bytes

extension SNPEvidence {
  /// Reads the KBS evidence of `snp`: the report, and the host's certificates if it gave any.
  ///
  /// Spec: KBS protocol, evidence `snp`. Certificate data is an array of numbers or base64 text.
  package init(kbsJSON value: JSONValue) throws(EvidenceError) {
    let report: JSONValue
    let certificates: [CarriedCertificate]
    do throws(ParseError) {
      var reader = try JSONReader(value, "")
      report = try reader.value("attestation_report")
      certificates = try Self.chain(reader.optionalValue("cert_chain"))
    } catch { throw .malformed(error) }
    self.init(report: try SNPReport(kbsJSON: report), certificates: certificates)
  }

  private static func chain(_ value: JSONValue?) throws(ParseError) -> [CarriedCertificate] {
    guard let value, !value.isNull else { return [] }
    guard case .array(let items) = value else { throw ParseError("cert_chain", .wrongType) }
    guard items.count <= 16 else { throw ParseError("cert_chain", .tooLong) }
    var certificates: [CarriedCertificate] = []
    for item in items {
      var reader = try JSONReader(item, "cert_chain")
      let kind = try CarriedCertificate.Kind(kbsJSON: try reader.value("cert_type"))
      certificates.append(CarriedCertificate(kind: kind, der: try octets(try reader.value("data"))))
    }
    return certificates
  }

  private static func octets(_ value: JSONValue) throws(ParseError) -> [UInt8] {
    if case .string(let text) = value { return try Base64.decode(text, padding: .optional, "cert_chain.data") }
    return try [UInt8](kbsOctets: value, "cert_chain.data")
  }

  /// The JSON that guests send; `init(kbsJSON:)` reads it back.
  package var kbsJSON: JSONValue {
    let chain = certificates.map { certificate in
      JSONValue.object([("cert_type", certificate.kind.kbsJSON), ("data", .kbsOctets(certificate.der))])
    }
    return .object([("attestation_report", report.kbsJSON), ("cert_chain", chain.isEmpty ? .null : .array(chain))])
  }
}

extension CarriedCertificate.Kind {
  private static let names: [(String, CarriedCertificate.Kind)] = [
    ("ARK", .ark), ("ASK", .ask), ("VCEK", .vcek), ("VLEK", .vlek), ("CRL", .crl), ("Empty", .empty),
  ]

  fileprivate init(kbsJSON value: JSONValue) throws(ParseError) {
    if case .string(let name) = value, let known = Self.names.first(where: { $0.0 == name }) {
      self = known.1
    } else if let guid = value["OTHER"]?.stringValue, guid.utf8.count <= 36 {
      self = .other(guid)
    } else {
      throw ParseError("cert_chain.cert_type", .unexpected)
    }
  }

  fileprivate var kbsJSON: JSONValue {
    if case .other(let guid) = self { return .object([("OTHER", .string(guid))]) }
    return .string(Self.names.first { $0.1 == self }?.0 ?? "Empty")
  }
}
