import Bytes
import Evidence
import TestSupport
import Testing

/// Evidence of a vTPM stands on a TPM quote, and a quote means nothing before its selection of registers is checked. No
/// such quote is read, so none can be taken for one that was.
@Suite struct VTPMEvidenceTests {
  private static let bundles = [
    "az_snp_evidence_genoa", "az_snp_evidence_v1", "az_snp_live", "az_tdx_evidence_v1", "az_tdx_live",
  ]

  private func refusal(_ bytes: [UInt8], _ tee: TEE? = nil) -> EvidenceError? {
    do throws(EvidenceError) {
      _ = try UnverifiedEvidence.parse(bytes: bytes, tee: tee)
      return nil
    } catch { return error }
  }

  @Test(.enabled(if: VectorStore.isPresent), arguments: bundles)
  func s21AndN39NothingOfAVTPMPassesUnread(name: String) throws {
    let file = try VectorStore.read("cpu/azure/\(name).json")
    let document = try StrictJSON.parse(file, limits: .evidence)
    let evidence = CanonicalJSON.encode(document["evidence"] ?? document)
    let tee: TEE = name.hasPrefix("az_snp") ? .azSNPvTPM : .azTDXvTPM
    #expect(refusal(evidence) == .unsupportedTEE(tee))
    #expect(refusal(evidence, tee) == .unsupportedTEE(tee))
    #expect(document["evidence"] == nil || refusal(file) == .unrecognised)
    // Nor under the name of the hardware below it, whose own report is bound to the vTPM's key and not to a session.
    for hardware in [TEE.snp, .tdx] { #expect(refusal(evidence, hardware) != nil, "\(hardware)") }
  }
}
