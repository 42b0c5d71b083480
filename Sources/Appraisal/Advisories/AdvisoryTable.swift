package import Bytes
package import Evidence

/// What is known of attacks on platforms whose vendor publishes no verdict of its own: for each advisory and each
/// processor, the firmware and settings from which on the report shows that it is mended. In force only as a statement
/// that the quorum signed.
///
/// JSON: `{"schema":"vouchsafe/advisories/v1","dated":T,"notAfter":T?,"cpus":[{"name","cpuid"}],"advisories":[…]}`; a
/// CPUID is family, model and stepping in hexadecimal, `19/11/01`, as the signed report states them. Spec: reliability
/// §5.1.
package struct AdvisoryTable: Equatable, Sendable {
  package static let schema = "vouchsafe/advisories/v1"

  /// A processor, down to its stepping: microcode levels of two steppings are not comparable.
  package struct CPU: Equatable, Sendable {
    package let name: String
    package let identity: CPUIdentity
  }

  /// When its authors last looked.
  package let dated: Timestamp
  /// From then on it is too old to judge by, and no SEV-SNP platform passes.
  package let notAfter: Timestamp?
  package let cpus: [CPU]
  package let advisories: [Advisory]
  /// As it was read.
  package let document: JSONValue

  package init(parsing bytes: [UInt8]) throws(ParseError) { try self.init(document: try StrictJSON.parse(bytes)) }

  package init(document: JSONValue) throws(ParseError) {
    self.document = document
    var reader = try JSONReader(document, "")
    try reader.schema(Self.schema)
    dated = try reader.timestamp("dated")
    notAfter = reader.has("notAfter") ? try reader.timestamp("notAfter") : nil
    if notAfter == nil { _ = reader.optionalValue("notAfter") }
    let cpus = try Self.cpus(&reader)
    let names = Set(cpus.map(\.name))
    var advisories: [Advisory] = []
    for item in try reader.array("advisories") {
      let advisory = try Advisory(parsing: try JSONReader(item, "advisories"), cpus: names)
      guard !advisories.contains(where: { $0.id == advisory.id }) else { throw ParseError("advisories.id", .duplicate) }
      advisories.append(advisory)
    }
    guard advisories.count <= 256 else { throw ParseError("advisories", .tooLong) }
    self.cpus = cpus
    self.advisories = advisories
    try reader.finish()
  }

  private static func cpus(_ reader: inout JSONReader) throws(ParseError) -> [CPU] {
    var cpus: [CPU] = []
    for item in try reader.array("cpus") {
      var entry = try JSONReader(item, "cpus")
      let cpu = CPU(name: try entry.name(of: "name"), identity: try CPUIdentity(parsing: try entry.string("cpuid")))
      try entry.finish()
      guard !cpus.contains(where: { $0.name == cpu.name || $0.identity == cpu.identity }) else {
        throw ParseError("cpus", .duplicate)
      }
      cpus.append(cpu)
    }
    guard !cpus.isEmpty else { throw ParseError("cpus", .missing) }
    guard cpus.count <= 256 else { throw ParseError("cpus", .tooLong) }
    return cpus
  }

  func advisory(_ id: String) -> Advisory? { advisories.first { $0.id == id } }

  func name(of identity: CPUIdentity?) -> String? {
    identity.flatMap { identity in cpus.first { $0.identity == identity }?.name }
  }

  /// What the table asks and what it leaves open, one line each, for whoever is about to sign it.
  package var summary: [String] {
    ["processors known: \(cpus.count); any other is refused"] + advisories.flatMap(\.summary)
  }
}

extension CPUIdentity {
  /// `19/11/01`: two digits of lower-case hexadecimal each.
  init(parsing text: String) throws(ParseError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { UInt8($0, radix: 16) }
    guard parts.count == 3, let family = parts[0], let model = parts[1], let stepping = parts[2] else {
      throw ParseError("cpus.cpuid", .unexpected)
    }
    self.init(family: family, model: model, stepping: stepping)
    guard self.text == text else { throw ParseError("cpus.cpuid", .notCanonical) }
  }

  var text: String {
    [family, model, stepping].map { Hex.encode([$0]) }.joined(separator: "/")
  }
}
