package import Bytes
package import KBSProtocol

/// What a workload must prove. In force only through a statement that the quorum signed.
///
/// Strict JSON, `"schema":"vouchsafe/reference/v1"`; an unknown member anywhere is an error, so that a misspelt requirement
/// is never one that is not checked. At least one TEE, each with its own section.
package struct ReferenceBundle: Equatable, Sendable {
  package static let schema = "vouchsafe/reference/v1"

  package let name: String
  package let workload: String
  package let notBefore: Timestamp?
  package let notAfter: Timestamp?
  /// At least one of these; a platform of another technology does not match.
  package let snp: SNPReference?
  package let tdx: TDXReference?
  /// The GPUs it takes; `nil` when it takes none.
  package let gpus: GPUReference?
  /// The resources this workload may have; `nil` leaves that to rules and bindings.
  package let resources: [ResourcePath]?
  /// Simulated TEEs may pass: for tests only.
  package let acceptingSimulatedEvidence: Bool
  /// As it was read.
  package let document: JSONValue

  package init(parsing bytes: [UInt8]) throws(ParseError) { try self.init(document: try StrictJSON.parse(bytes)) }

  package init(document: JSONValue) throws(ParseError) {
    self.document = document
    var reader = try JSONReader(document, "")
    try reader.schema(Self.schema)
    name = try reader.name(of: "name")
    workload = try reader.plainText("workload")
    notBefore = reader.has("notBefore") ? try reader.timestamp("notBefore") : nil
    notAfter = reader.has("notAfter") ? try reader.timestamp("notAfter") : nil
    if let notBefore, let notAfter, notBefore >= notAfter { throw ParseError("notAfter", .outOfRange) }
    resources = try reader.optionalList("resources") { value in value.stringValue.flatMap { try? ResourcePath($0) } }
    acceptingSimulatedEvidence = try reader.optionalBool("acceptingSimulatedEvidence") ?? false
    var tees = try reader.object("tees")
    snp = try tees.optionalObject("snp").map { section throws(ParseError) in try SNPReference(parsing: section) }
    tdx = try tees.optionalObject("tdx").map { section throws(ParseError) in try TDXReference(parsing: section) }
    try tees.finish()
    if snp == nil, tdx == nil { throw ParseError("tees", .missing) }
    gpus = try reader.optionalObject("gpus").map { section throws(ParseError) in try GPUReference(parsing: section) }
    try reader.finish()
  }

  /// What the bundle leaves open, in words.
  package var openEnds: [String] {
    var open = (snp?.openEnds ?? []) + (tdx?.openEnds ?? []) + (gpus?.openEnds ?? [])
    if resources == nil { open.append("resources are not listed: any resource bound to this bundle may be had") }
    if notAfter == nil { open.append("it never expires") }
    if acceptingSimulatedEvidence { open.append("SIMULATED evidence is accepted: for tests only") }
    return open
  }
}
