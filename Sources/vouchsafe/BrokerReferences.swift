import Appraisal
import Bytes
import Terminal

/// What is in force at a broker, as `GET /v1/references` shows it. The broker's word: what counts is checked when a
/// statement is submitted.
struct BrokerReferences {
  let listing: JSONValue
  private let connection: BrokerConnection

  init(from connection: BrokerConnection) async throws(Failure) {
    self.connection = connection
    listing = try await connection.get("/v1/references")
  }

  /// The version that a chain stands at and the digest that the next statement names; `nil` for a chain not begun.
  func head(_ kind: ReferenceStatement.Kind, _ scope: String) throws(Failure) -> (version: UInt64, digest: [UInt8])? {
    guard let entry = listing["chains"]?[ReferenceStatement.chain(kind, scope)] else { return nil }
    guard let version = entry["version"]?.integer(UInt64.self), let hex = entry["digest"]?.stringValue,
      let digest = try? Hex.decode(hex, "digest"), digest.count == 32
    else { throw Failure(.malformed, "the broker's list of references is not in its form") }
    return (version, digest)
  }

  /// The document in force that a statement would replace; `nil` when there is none.
  func document(_ kind: ReferenceStatement.Kind, _ scope: String) async throws(Failure) -> JSONValue? {
    switch kind {
    case .reference:
      guard try head(kind, scope) != nil else { return nil }
      return try await connection.get("/v1/references/\(scope)")["bundle"]
    case .rule: return listing["rules"]?.arrayValue?.first { $0["resource"]?.stringValue == scope }
    case .quorum:
      let member = scope == StatementContent.breakGlassQuorumScope ? "breakGlassQuorum" : "quorum"
      return listing[member].flatMap { $0.isNull ? nil : $0 }
    case .advisories: return listing["advisories"]?["document"]
    case .exception:
      return listing["exceptions"]?.arrayValue?.first { document in
        (try? ManifestException(document: document))?.scope == scope
      }
    case .collateralGrace:
      return listing["collateralGrace"]?.arrayValue?.first { $0["vendor"]?.stringValue == scope }
    case .revoke, .unrevoke, .breakGlass: return nil
    }
  }

  /// The broker that the options or the surroundings name. One that was merely found and does not answer is passed over
  /// with a note, so that proposals can be made offline.
  static func reachable(_ arguments: Arguments) async throws(Failure) -> BrokerReferences? {
    let isNamed = ClientSettings.isNamed(arguments)
    let settings = try ClientSettings(arguments)
    guard isNamed || settings.source != nil else { return nil }
    do throws(Failure) {
      return try await BrokerReferences(from: try BrokerConnection(settings))
    } catch {
      guard !isNamed, error.exit == .unavailable else { throw error }
      Console.note("\(error.message); going on without it")
      return nil
    }
  }
}
