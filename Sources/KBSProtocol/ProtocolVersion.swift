/// The versions of the KBS protocol that are spoken. Spec: kbs-protocol §1.2; the check is an exact match.
package enum ProtocolVersion: String, Sendable, CaseIterable {
  /// Composite attestation body with runtime data (guest components v0.14 and later).
  case v0_4_0 = "0.4.0"
  /// Flat attestation body without nonce or init-data (guest components v0.12 and v0.13).
  case v0_2_0 = "0.2.0"

  static var acceptedList: String { allCases.map(\.rawValue).joined(separator: ", ") }

  init(parsing text: String) throws(KBSProtocolError) {
    guard let version = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) }) else {
      throw .unsupportedVersion
    }
    self = version
  }
}
