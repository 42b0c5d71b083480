import Appraisal
import Bytes
import Terminal

/// `reference list` and `show`: what a broker says is in force.
enum ReferenceList {
  static func list(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let listing = try await BrokerConnection(arguments).get("/v1/references")
    if try arguments.output() == .json {
      Console.json(listing)
    } else {
      Console.out(text(listing))
    }
    return .ok
  }

  static func show(_ arguments: Arguments) async throws -> ExitCode {
    let name = try arguments.one(of: "NAME")
    guard !name.contains("/"), !name.contains("?"), !name.contains("%") else {
      throw Failure(.usage, "\(name): not a bundle's name")
    }
    let shown = try await BrokerConnection(arguments).get("/v1/references/\(name)")
    if try arguments.output() == .json {
      Console.json(shown)
      return .ok
    }
    Console.out(header(shown, name) + Console.printable(CanonicalJSON.pretty(shown["bundle"] ?? .null)))
    if let document = shown["bundle"], let bundle = try? ReferenceBundle(document: document) {
      for open in bundle.openEnds { Console.line("leaves open: \(open)") }
    }
    return .ok
  }

  private static func header(_ shown: JSONValue, _ name: String) -> String {
    let version = shown["version"]?.integer(UInt64.self).map { "\($0)" } ?? "?"
    return "\(name) version \(version)\(shown["revoked"]?.boolValue == true ? ", REVOKED" : "")\n"
  }

  private static func text(_ listing: JSONValue) -> String {
    let epoch = listing["epoch"]?.integer(UInt64.self).map { "\($0)" } ?? "?"
    var lines = ["reference epoch \(epoch), \(quorum(listing["quorum"]))"]
    for row in listing["bundles"]?.arrayValue ?? [] {
      let until = row["notAfter"]?.stringValue.map { ", until \($0)" } ?? ""
      let open = row["openEnds"]?.arrayValue?.count ?? 0
      lines.append(
        "bundle \(word(row["name"])) version \(word(row["version"]))\(until): \(word(row["workload"]))"
          + (open == 0 ? "" : " (\(open) open, see reference show)"))
    }
    for rule in listing["rules"]?.arrayValue ?? [] {
      let bundles = rule["bundles"]?.arrayValue?.compactMap(\.stringValue).joined(separator: ", ") ?? ""
      lines.append(
        "rule \(word(rule["resource"])) for \(bundles)\(rule["condition"] == nil ? "" : ", with a condition")")
    }
    for grant in listing["breakGlass"]?.arrayValue ?? [] {
      lines.append(
        "GLASS BROKEN for \(word(grant["resource"])) until \(word(grant["until"])): \(word(grant["reason"]))")
    }
    for grace in listing["collateralGrace"]?.arrayValue ?? [] {
      lines.append(
        "GRACE for collateral of \(word(grace["vendor"])) as of \(word(grace["asOf"])) until \(word(grace["until"])): "
          + word(grace["reason"]))
    }
    if let table = listing["advisories"], !table.isNull {
      lines.append(
        "advisories version \(word(table["version"])), dated \(word(table["dated"])): \(word(table["digest"]))")
    }
    for scope in listing["revocations"]?.arrayValue ?? [] { lines.append("revoked \(word(scope))") }
    return lines.map { Console.printable($0) + "\n" }.joined()
  }

  private static func quorum(_ quorum: JSONValue?) -> String {
    guard let quorum, let approvers = quorum["approvers"]?.arrayValue else { return "no approvers" }
    return "\(word(quorum["threshold"])) of \(approvers.count) approvers must sign"
  }

  private static func word(_ value: JSONValue?) -> String {
    value?.stringValue ?? value.map { CanonicalJSON.text($0) } ?? "?"
  }
}
