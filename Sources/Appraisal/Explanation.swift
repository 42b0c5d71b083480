package import Bytes
package import KBSProtocol

/// Why a decision came out as it did: for the operator, never for the pod.
///
/// JSON: `{"result","resource","at","epoch","simulated","bundles","nearest","mismatches":[{"code","field","got","wanted",
/// "bundle"}]}`; `resource` is absent for an attestation.
package struct Explanation: Equatable, Sendable {
  package enum Outcome: String, Sendable { case allow, deny }

  package let outcome: Outcome
  package let resource: ResourcePath?
  package let at: Timestamp
  package let epoch: UInt64
  package let isSimulated: Bool
  /// The bundles that were satisfied.
  package let bundles: [String]
  package let nearest: String?
  package let mismatches: [Mismatch]

  package init(of result: AttestationResult) {
    switch result.verdict {
    case .accepted(let bundles): self.init(.allow, nil, result, bundles, nil, result.at)
    case .refused(let denial): self.init(.deny, nil, result, [], denial, result.at)
    }
  }

  package init(
    of decision: ReleaseDecision, on resource: ResourcePath, for result: AttestationResult, at now: Timestamp
  ) {
    switch decision {
    case .allow(let bundle): self.init(.allow, resource, result, [bundle], nil, now)
    case .deny(let denial): self.init(.deny, resource, result, [], denial, now)
    }
  }

  private init(
    _ outcome: Outcome, _ resource: ResourcePath?, _ result: AttestationResult, _ bundles: [String], _ denial: Denial?,
    _ at: Timestamp
  ) {
    self.outcome = outcome
    self.resource = resource
    self.at = at
    epoch = result.epoch
    isSimulated = result.isSimulated
    self.bundles = bundles
    nearest = denial?.nearest
    mismatches = denial?.nearestMismatches ?? []
  }

  /// Reads what a broker answered.
  package init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "explanation")
    guard let outcome = Outcome(rawValue: try reader.string("result")) else {
      throw ParseError("explanation.result", .unexpected)
    }
    self.outcome = outcome
    resource = try reader.optionalString("resource").flatMap { try? ResourcePath($0) }
    at = try reader.timestamp("at")
    epoch = try reader.integer("epoch")
    isSimulated = try reader.bool("simulated")
    bundles = try reader.strings("bundles")
    nearest = try reader.optionalString("nearest")
    var mismatches: [Mismatch] = []
    for item in try reader.array("mismatches") { mismatches.append(try Mismatch(parsing: item)) }
    self.mismatches = mismatches
  }

  package var json: JSONValue {
    var object = JSONObject([("result", .string(outcome.rawValue))])
    object["resource"] = resource.map { .string($0.text) }
    object["at"] = .string(at.rfc3339Milliseconds)
    object["epoch"] = .int(epoch)
    object["simulated"] = .bool(isSimulated)
    object["bundles"] = .strings(bundles)
    object["nearest"] = nearest.map { .string($0) }
    object["mismatches"] = .array(mismatches.map(\.json))
    return .object(object)
  }
}

extension Explanation {
  /// For a terminal: one line of outcome, one line a difference.
  package var text: String {
    var lines = ["\(outcome.rawValue)\(resource.map { " \($0)" } ?? "") at \(at.rfc3339) (reference epoch \(epoch))"]
    if isSimulated { lines.append("SIMULATED evidence") }
    if !bundles.isEmpty { lines.append("bundles satisfied: \(bundles.joined(separator: ", "))") }
    if let nearest {
      let count = mismatches.count
      lines.append("nearest bundle: \(nearest) (\(count) \(count == 1 ? "difference" : "differences"))")
    }
    for mismatch in mismatches {
      lines.append("  \(mismatch.field): \(mismatch.code.rawValue)")
      lines.append("      got     \(mismatch.got)")
      lines.append("      wanted  \(mismatch.wanted)")
    }
    return lines.map { DocumentDifference.visible($0) + "\n" }.joined()
  }
}
