import Bytes

/// The body of every answer that is not a success: stock clients parse it whatever the status.
///
/// Spec: kbs-protocol §1.13: `type` and `detail` first, our own members after them. Nothing of the peer's goes in.
package struct ErrorBody: Equatable, Sendable {
  /// The last segment of `type`, from the protocol's list.
  package enum Name: String, Sendable, CaseIterable {
    case adminAuthAccess = "AdminAuthAccess"
    case attestationError = "AttestationError"
    case invalidRequestPath = "InvalidRequestPath"
    case jweError = "JweError"
    case pluginNotFound = "PluginNotFound"
    case pluginInternalError = "PluginInternalError"
    case policyDeny = "PolicyDeny"
    case parsePolicyError = "ParsePolicyError"
    case policyEngineError = "PolicyEngineError"
    case rvpsError = "RvpsError"
    case serdeError = "SerdeError"
    case tokenNotFound = "TokenNotFound"
    case tokenVerifierError = "TokenVerifierError"
    case httpFailed = "HTTPFailed"
  }

  package static let typePrefix = "https://github.com/confidential-containers/kbs/errors/"

  package let type: String
  package let detail: String
  /// Our stable code, when the answer comes from one of ours.
  package let code: String?
  /// What `vouchsafe policy explain` takes.
  package let decisionID: String?

  package init(_ name: Name, detail: String, code: String? = nil, decisionID: String? = nil) {
    type = Self.typePrefix + name.rawValue
    self.detail = detail
    self.code = code
    self.decisionID = decisionID
  }

  /// Reads an answer as a client: other members are ignored, as other servers have others.
  package init(parsing body: [UInt8]) throws(KBSProtocolError) {
    (type, detail, code, decisionID) = try parsing { () throws(ParseError) in
      var reader = try JSONReader(try StrictJSON.parse(body), "error")
      return (
        try reader.string("type"), try reader.string("detail"), reader.optionalValue("code")?.stringValue,
        reader.optionalValue("decision_id")?.stringValue
      )
    }
  }

  /// The last segment of `type`, when the protocol knows it.
  package var name: Name? {
    guard type.utf8.starts(with: Self.typePrefix.utf8) else { return nil }
    return Name(rawValue: String(type.dropFirst(Self.typePrefix.count)))
  }

  package func encoded() -> [UInt8] {
    var object = JSONObject([("type", .string(type)), ("detail", .string(detail))])
    object["code"] = code.map { .string($0) }
    object["decision_id"] = decisionID.map { .string($0) }
    return CanonicalJSON.encodeInOrder(.object(object))
  }
}
