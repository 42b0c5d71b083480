package import Bytes
package import KBSProtocol

/// Where the pod's evidence comes from. Evidence is only carried here; whoever gets it judges it.
package protocol EvidenceSource: Sendable {
  /// The technology, as the KBS protocol names it; needed before the challenge.
  func tee() async throws(AgentError) -> TEEName
  /// Evidence of devices beside the CPU as one JSON text, empty when there is none.
  /// - Parameter digest: 48 bytes over the device runtime data.
  func additionalEvidence(_ digest: [UInt8]) async throws(AgentError) -> String
  /// The CPU's evidence.
  /// - Parameter digest: 48 bytes over the primary runtime data; report data is these and 16 zeros.
  func primaryEvidence(_ digest: [UInt8]) async throws(AgentError) -> JSONValue
}
