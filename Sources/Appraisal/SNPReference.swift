import Bytes
package import Evidence
package import Verification

/// What a bundle asks of an SEV-SNP platform: the member `tees.snp`.
///
/// What is left out of the optional lists is not asked; `openEnds` names each, so that nobody signs one unseen.
package struct SNPReference: Equatable, Sendable {
  /// Launch digests, 48 bytes each; never empty.
  package let measurements: [[UInt8]]
  /// HOST_DATA as it must stand, 32 bytes each; from `hostData`, or from `initDataDigests` cut or filled to 32.
  package let hostData: [[UInt8]]?
  /// Floors of the products that are allowed; no other product is.
  package let products: [SNPProduct: TCBFloor]
  package let chipIDs: [[UInt8]]?
  /// Whose VLEKs are accepted (CSP_ID); given exactly when VLEK is among the signing keys.
  package let providers: [String]?
  /// Default: VCEK alone.
  package let signingKeys: [SNPClaims.SigningKey]
  package let idKeyDigests: [[UInt8]]?
  package let authorKeyDigests: [[UInt8]]?
  package let minimumGuestSVN: UInt32
  /// Default: 0 alone. Others only here, where the measurement (of the SVSM or paravisor) is pinned as well.
  package let vmpls: [UInt32]
  package let guestPolicy: BitRequirements
  package let platformInfo: BitRequirements
  package let launchMitigations: UInt64
  package let currentMitigations: UInt64
  package let requiresRevocationCheck: Bool
  /// Ids of advisories in the table in force: all that it says of them must be met, confirmed or not.
  package let requiredAdvisories: [String]?

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    measurements = try reader.list("measurements", JSONReader.hexItem(48))
    hostData = try Self.hostData(&reader)
    products = try Self.products(&reader)
    chipIDs = try reader.optionalList("chipIDs", JSONReader.hexItem(64))
    providers = try reader.optionalList("providers") { value in
      value.stringValue.flatMap { BundleText.isPlain($0) ? $0 : nil }
    }
    signingKeys =
      try reader.optionalList("signingKeys") { value in
        value.stringValue.flatMap(SNPClaims.SigningKey.init(rawValue:))
      } ?? [.vcek]
    guard signingKeys.contains(.vlek) == (providers != nil) else {
      throw ParseError(reader.name("providers"), .missing)
    }
    idKeyDigests = try reader.optionalList("idKeyDigests", JSONReader.hexItem(48))
    authorKeyDigests = try reader.optionalList("authorKeyDigests", JSONReader.hexItem(48))
    minimumGuestSVN = try reader.optionalInteger("minimumGuestSVN") ?? 0
    vmpls =
      try reader.optionalList("vmpls") { value in value.integer(UInt32.self).flatMap { $0 <= 3 ? $0 : nil } } ?? [0]
    guestPolicy =
      try Self.bits(&reader, "guestPolicy", BitNames.guestPolicy, Self.neverRequired)
    platformInfo = try Self.bits(&reader, "platformInfo", BitNames.platformInfo, [])
    (launchMitigations, currentMitigations) = try Self.mitigations(&reader)
    requiresRevocationCheck = try reader.optionalBool("requireRevocationCheck") ?? true
    requiredAdvisories = try reader.optionalList("requireAdvisories", limit: 256) { value in
      value.stringValue.flatMap { BundleText.isName($0) ? $0 : nil }
    }
    try reader.finish()
  }

  /// No bundle can ask for a guest that its host may read or move.
  private static let neverRequired: Set<String> = ["debugAllowed", "migrationAgentAllowed"]

  private static func hostData(_ reader: inout JSONReader) throws(ParseError) -> [[UInt8]]? {
    let exact = try reader.optionalList("hostData", JSONReader.hexItem(32))
    let digests = try reader.optionalList("initDataDigests", JSONReader.hexItem(32, 48, 64))
    guard exact == nil || digests == nil else { throw ParseError(reader.name("initDataDigests"), .duplicate) }
    return exact ?? digests.map { $0.map { Array($0.prefix(32)) } }
  }

  private static func products(_ reader: inout JSONReader) throws(ParseError) -> [SNPProduct: TCBFloor] {
    let names = try reader.list("products") { value in value.stringValue.flatMap(SNPProduct.init(rawValue:)) }
    var floors = try reader.object("minimumTCB")
    var products: [SNPProduct: TCBFloor] = [:]
    for product in names {
      products[product] = try TCBFloor(parsing: try floors.object(product.rawValue), product: product)
    }
    try floors.finish()
    return products
  }

  private static func bits(
    _ reader: inout JSONReader, _ key: String, _ names: [(name: String, bit: UInt64)], _ neverRequired: Set<String>
  ) throws(ParseError) -> BitRequirements {
    guard let section = try reader.optionalObject(key) else { return BitRequirements() }
    return try BitRequirements(parsing: section, names: names, neverRequired: neverRequired)
  }

  private static func mitigations(_ reader: inout JSONReader) throws(ParseError) -> (UInt64, UInt64) {
    guard var section = try reader.optionalObject("mitigationVectors") else { return (0, 0) }
    let launch: UInt64 = try section.optionalInteger("launch") ?? 0
    let current: UInt64 = try section.optionalInteger("current") ?? 0
    try section.finish()
    return (launch, current)
  }

  /// What this section does not ask, in words, for whoever is about to sign it.
  var openEnds: [String] {
    var open: [String] = []
    if hostData == nil { open.append("init-data is not pinned: any configuration of the measured image is accepted") }
    if chipIDs == nil { open.append("chips are not pinned: any chip of the named products is accepted") }
    if idKeyDigests == nil && authorKeyDigests == nil { open.append("no ID block key is asked for") }
    if guestPolicy.forbidden >> 16 & 1 == 0 { open.append("SMT is allowed") }
    if platformInfo.required >> 5 & 1 == 0 { open.append("the memory alias check is not asked for") }
    if launchMitigations == 0 && currentMitigations == 0 { open.append("no mitigation vector is asked for") }
    if vmpls != [0] { open.append("VMPL other than 0 is accepted: the measurement must be that of the layer below") }
    if !requiresRevocationCheck { open.append("revocation lists of the vendor are not asked for") }
    return open
  }
}
