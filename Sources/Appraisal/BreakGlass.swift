package import Bytes
import Cryptography
package import KBSProtocol

/// What an emergency may have: one key, to pods of one measurement, for at most four hours. Unverified until the
/// break-glass quorum's signatures were counted.
///
/// It stands in for what a bundle says of measurement and init-data, and for a bundle's expiry; all else that the bundle
/// asks still holds, no revocation is lifted, and simulated evidence never passes. Spec: reliability §7.6.
///
/// Body: `{"schema":"vouchsafe/break-glass/v1","resource","measurement","hostData","reason"}`; `hostData` may be left out,
/// and is then what the bundle says.
package struct BreakGlassGrant: Equatable, Sendable {
  package static let schema = "vouchsafe/break-glass/v1"
  /// The longest that a statement may be in force.
  package static let lifetimeLimit = Duration.seconds(4 * 3600)

  package let resource: ResourcePath
  /// 48 bytes: a launch digest, or for TDX `tdxMeasurement`.
  package let measurement: [UInt8]
  /// 32 bytes of HOST_DATA, or 48 of MRCONFIGID.
  package let hostData: [UInt8]?
  package let reason: String

  package init(document: JSONValue) throws(ParseError) {
    var reader = try JSONReader(document, "")
    try reader.schema(Self.schema)
    guard let resource = try? ResourcePath(try reader.string("resource")) else {
      throw ParseError("resource", .unexpected)
    }
    self.resource = resource
    measurement = try reader.hex("measurement", count: 48)
    hostData = reader.has("hostData") ? try reader.hex("hostData") : nil
    if let hostData, hostData.count != 32, hostData.count != 48 { throw ParseError("hostData", .outOfRange) }
    reason = try reader.plainText("reason")
    try reader.finish()
  }

  var document: JSONValue { Self.body(resource, measurement: measurement, hostData: hostData, reason: reason) }

  package static func body(
    _ resource: ResourcePath, measurement: [UInt8], hostData: [UInt8]?, reason: String
  ) -> JSONValue {
    var object = JSONObject([
      ("schema", .string(schema)), ("resource", .string(resource.text)),
      ("measurement", .string(Hex.encode(measurement))),
    ])
    object["hostData"] = hostData.map { .string(Hex.encode($0)) }
    object["reason"] = .string(reason)
    return .object(object)
  }

  /// All that a trust domain runs, in one value: SHA-384 over MRTD and the four registers.
  package static func tdxMeasurement(mrTD: [UInt8], rtmr: [[UInt8]]) -> [UInt8] {
    Hash.sha384.digest(mrTD + rtmr.flatMap { $0 })
  }

  /// What the grant stands in for, once its own values are matched.
  var lifted: Set<Mismatch.Code> {
    let measured: Set<Mismatch.Code> = [
      .measurementUnknown, .registerMismatch, .registerUnproven, .eventLogMissing, .bundleExpired,
    ]
    return hostData == nil ? measured : measured.union([.hostDataMismatch])
  }

  func fits(_ facts: Facts) -> Bool {
    guard !facts.isSimulated else { return false }
    let found: (measurement: [UInt8], hostData: [UInt8])
    switch facts.platform {
    case .snp(let snp): found = (snp.measurement, snp.hostData)
    case .tdx(let tdx): found = (Self.tdxMeasurement(mrTD: tdx.mrTD, rtmr: tdx.rtmr), tdx.mrConfigID)
    }
    return found.measurement == measurement && (hostData == nil || hostData == found.hostData)
  }
}

extension ReferenceValues {
  /// A grant that was taken, until its time is over.
  package struct ActiveGrant: Equatable, Sendable {
    package let grant: BreakGlassGrant
    package let until: Timestamp

    init(grant: BreakGlassGrant, until: Timestamp) {
      self.grant = grant
      self.until = until
    }

    /// As it is kept beside decisions.
    var document: JSONValue { .object([("grant", grant.document), ("until", .string(until.rfc3339))]) }

    init(document: JSONValue) throws(ParseError) {
      var reader = try JSONReader(document, "breakGlass")
      grant = try BreakGlassGrant(document: try reader.value("grant"))
      until = try reader.timestamp("until")
      try reader.finish()
    }
  }

  /// The grants in force at a time.
  package func activeGrants(at now: Timestamp) -> [ActiveGrant] {
    grants.values.filter { now < $0.until }.sorted { $0.grant.resource < $1.grant.resource }
  }

  /// What accepts a platform by break-glass alone, in the place of bundles' names; no bundle's name holds a slash.
  func brokenGlass(for facts: Facts, at now: Timestamp) -> [String] {
    activeGrants(at: now).compactMap { active in
      brokenGlass(active.grant.resource, for: facts, among: Set(bundles.keys), at: now)
    }
  }

  /// The grant under which a platform may have the resource although no bundle admits it, or `nil`.
  func brokenGlass(
    _ resource: ResourcePath, for facts: Facts, among permitted: Set<String>, at now: Timestamp
  ) -> String? {
    guard let active = grants[resource], now < active.until, active.grant.fits(facts) else { return nil }
    let lifted = active.grant.lifted
    let holds = permitted.contains { name in
      guard let bundle = bundles[name]?.bundle, bundle.resources?.contains(resource) ?? true else { return false }
      return mismatches(facts, name, at: now).allSatisfy { lifted.contains($0.code) }
    }
    return holds ? Self.breakGlassName(resource) : nil
  }

  package static func breakGlassName(_ resource: ResourcePath) -> String { "break-glass/\(resource.text)" }
}
