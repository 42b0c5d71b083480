import Bytes
import KBSProtocol

/// The processor's evidence from one source, and that of the GPUs from their library.
struct CompositeEvidence: EvidenceSource {
  let processor: any EvidenceSource
  let gpus: GPUGate

  func tee() async throws(AgentError) -> TEEName { try await processor.tee() }
  func additionalEvidence(_ digest: [UInt8]) async throws(AgentError) -> String { try gpus.evidence(digest) }
  func primaryEvidence(_ digest: [UInt8]) async throws(AgentError) -> JSONValue {
    try await processor.primaryEvidence(digest)
  }
}
