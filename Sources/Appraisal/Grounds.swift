package import Bytes
import KBSProtocol

/// What let an allowed decision pass: which bundles, signed as which statements, matched by which measured values, and what
/// gave them the resource. For the operator, never for the pod; worked out from the values that the decision was made with.
///
/// JSON: `{"epoch","bundles":[{"name","version","sha256","statement","matched":{field:value}}],"by"}`; `by` is null for an
/// attestation, else `{"rule":{"statement","bundles","condition"}}`, `{"binding":[name]}` or `{"breakGlass":[name]}`.
package struct Grounds: Equatable, Sendable {
  package struct Bundle: Equatable, Sendable {
    package let name: String
    package let version: UInt64
    /// SHA-256 of its canonical body, and of the text of the statement that brought it into force.
    package let digest: [UInt8]
    package let statement: [UInt8]?
    /// Measured values that the bundle lists, by the field of the leaf.
    package let matched: [(field: String, value: String)]

    package static func == (left: Self, right: Self) -> Bool { left.json == right.json }

    var json: JSONValue {
      .object([
        ("name", .string(name)), ("version", .int(version)), ("sha256", .string(Hex.encode(digest))),
        ("statement", statement.map { .string(Hex.encode($0)) } ?? .null),
        ("matched", .object(matched.map { ($0.field, .string($0.value)) })),
      ])
    }
  }

  package let epoch: UInt64
  package let bundles: [Bundle]
  /// What gave the resource to them; null for an attestation.
  package let by: JSONValue

  /// - Parameters:
  ///   - leaf: of an allowed decision, with its names in clear.
  ///   - values: those that it names.
  /// - Returns: `nil` when the leaf is no such decision, or speaks of what the values do not hold.
  package init?(of leaf: JSONValue, on values: ReferenceValues) {
    guard leaf["type"] == "decision", leaf["result"] == "allow",
      let names = leaf["bundles"]?.arrayValue?.compactMap(\.stringValue), !names.isEmpty
    else { return nil }
    epoch = values.epoch
    let measured = Self.measured(leaf)
    bundles = names.compactMap { name in
      values.bundles[name].map { active in
        let listed = active.bundle.document.strings
        return Bundle(
          name: name, version: active.version, digest: active.digest,
          statement: values.head(of: .reference, scope: name)?.digest,
          matched: measured.filter { listed.contains($0.value) })
      }
    }
    let isBreakGlass = leaf["break_glass"] == true
    guard isBreakGlass || bundles.count == names.count else { return nil }
    by = isBreakGlass ? ["breakGlass": .strings(names)] : Self.basis(of: leaf, values)
  }

  private static func measured(_ leaf: JSONValue) -> [(field: String, value: String)] {
    let members = leaf["measure"]?.objectValue?.members.map { ($0.key, $0.value) } ?? []
    let more = [("product", leaf["tcb"]?["product"] ?? .null), ("initdata", leaf["initdata"] ?? .null)]
    return (members + more).compactMap { field, value in value.stringValue.map { (field: field, value: $0) } }
  }

  private static func basis(of leaf: JSONValue, _ values: ReferenceValues) -> JSONValue {
    guard let resource = leaf["resource"]?.stringValue else { return .null }
    guard let rule = (try? ResourcePath(resource)).flatMap({ values.rules[$0] }) else {
      return ["binding": leaf["bound"] ?? .null]
    }
    return [
      "rule": [
        "statement": values.head(of: .rule, scope: resource).map { .string(Hex.encode($0.digest)) } ?? .null,
        "bundles": .strings(rule.bundles), "condition": rule.document["condition"] ?? .null,
      ]
    ]
  }

  package var json: JSONValue {
    .object([("epoch", .int(epoch)), ("bundles", .array(bundles.map(\.json))), ("by", by)])
  }
}

extension Grounds {
  /// For a terminal, out of what a broker answered; empty for what is no such object.
  package static func text(_ json: JSONValue) -> String {
    var lines: [String] = []
    for bundle in json["bundles"]?.arrayValue ?? [] {
      let version: UInt64 = bundle["version"]?.integer() ?? 0
      lines.append("let pass by bundle \(bundle["name"]?.stringValue ?? "?"), version \(version)")
      if let statement = bundle["statement"]?.stringValue { lines.append("    statement  \(statement)") }
      for (field, value) in bundle["matched"]?.objectValue?.members ?? [] {
        lines.append("    lists      \(field) \(value.stringValue ?? "?")")
      }
    }
    if let rule = json["by"]?["rule"] {
      lines.append("the rule for this resource permits \(names(rule["bundles"]))")
      if let statement = rule["statement"]?.stringValue { lines.append("    statement  \(statement)") }
      if let condition = rule["condition"], !condition.isNull {
        lines.append("    condition  \(CanonicalJSON.text(condition))")
      }
    } else if let bound = json["by"]?["binding"] {
      lines.append("no rule for this resource; its key was stored for \(names(bound))")
    } else if let glass = json["by"]?["breakGlass"] {
      lines.append("BREAK-GLASS: \(names(glass)), not a bundle, let it pass")
    }
    return lines.map { DocumentDifference.visible($0) + "\n" }.joined()
  }

  private static func names(_ value: JSONValue?) -> String {
    value?.arrayValue?.compactMap(\.stringValue).joined(separator: ", ") ?? "?"
  }
}

extension JSONValue {
  /// Every text in it that is no member's name.
  fileprivate var strings: Set<String> {
    switch self {
    case .string(let text): [text]
    case .array(let items): items.reduce(into: []) { $0.formUnion($1.strings) }
    case .object(let object): object.members.reduce(into: []) { $0.formUnion($1.value.strings) }
    case .null, .bool, .number: []
    }
  }
}
