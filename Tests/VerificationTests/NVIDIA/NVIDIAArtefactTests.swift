import Bytes
import Cryptography
import TestSupport
import Testing

@testable import Verification

/// What NVIDIA signs, each on its own: as a person checks a file, and before any device needs it.
@Suite(.enabled(if: VectorStore.isPresent)) struct NVIDIAArtefactTests {
  private static let driver = "gpu/rim/google/NV_GPU_DRIVER_GH100_550.90.07.xml"

  private func artefact(_ file: String) throws -> CollateralArtefact {
    let found = CollateralArtefact.all(in: try VectorStore.read(file))
    #expect(found.count == 1)
    return try #require(found.first)
  }

  private func proof(
    _ file: String, with others: [String] = [], at time: String, anchors: Anchors = .builtIn
  ) throws -> Result<ProvedArtefact, Refusal> {
    let carriers = Endorsements(recognising: try others.map { try VectorStore.read($0) })
    let (artefact, now) = (try artefact(file), try Timestamp(rfc3339: time))
    return Result { () throws(Refusal) in try prove(artefact, with: carriers, anchors: anchors, at: now) }
  }

  @Test func aManifestIsProvedByItselfAndRunsOut() throws {
    let inside = try proof(Self.driver, at: "2025-10-24T12:00:00Z").get()
    #expect(inside.subject == .nvidiaManifest(product: "GH100", edition: "GPU", version: "550.90.07"))
    #expect(inside.staleness == nil && !inside.isRevocationChecked)
    #expect(inside.from < inside.until && inside.provedUntil == inside.until)
    #expect(try proof(Self.driver, at: "2026-06-02T00:00:00Z").get().staleness?.code == .certificateExpired)
    #expect(try proof(Self.driver, at: "2024-01-01T00:00:00Z").get().staleness?.code == .certificateNotYetValid)
    #expect(
      try proof("gpu/rim/sdk/incorrect_signature_driver_rim.xml", at: "2025-01-01T00:00:00Z").refusal?.code
        == .collateralSignatureInvalid)
    #expect(try proof("gpu/rim/forged/keyvalue-key.xml", at: "2025-01-01T00:00:00Z").refusal != nil)
  }

  @Test func aRespondersAnswerIsProvedByTheIssuerItAnswersFor() throws {
    let signer = "gpu/ocsp/test_gpu_driver_rim_l4_base64encoded_ocsp_response.dat"
    let root = "gpu/ocsp/test_gpu_rim_l2_base64encoded_ocsp_response.dat"
    let proved = try proof(signer, with: [Self.driver], at: "2025-10-24T12:00:00Z").get()
    #expect(proved.staleness == nil && proved.signer.contains("L3 GH100"))
    #expect(try proof(root, at: "2025-10-24T12:00:00Z").get().anchor.product == NVIDIARoot.manifests)
    // Without the issuer nobody can say; with another's anchors it is nobody's.
    #expect(try proof(signer, at: "2025-10-24T12:00:00Z").refusal?.code == .collateralMissing)
    #expect(
      try proof(root, at: "2025-10-24T12:00:00Z", anchors: Anchors(all: [])).refusal?.code == .collateralMissing)
    let late = try proof(signer, with: [Self.driver], at: "2025-10-25T11:32:21Z").get()
    #expect(late.staleness?.code == .revocationAnswerExpired)
    let early = try proof(root, at: "2025-10-24T11:27:20Z").get()
    #expect(early.staleness?.code == .revocationAnswerNotYetValid)
    #expect(try proof(root, at: "2025-10-24T11:27:21Z").get().staleness == nil)
  }

  @Test func aChangedAnswerIsNotProved() throws {
    let file = "gpu/ocsp/test_gpu_rim_l2_base64encoded_ocsp_response.dat"
    guard case .answer(let answer) = try artefact(file) else {
      Issue.record("no answer")
      return
    }
    let now = try Timestamp(rfc3339: "2025-10-24T12:00:00Z")
    var accepted = 0
    for place in stride(from: 0, to: answer.der.count, by: 7) {
      var der = answer.der
      der[place] ^= 1
      guard let changed = try? RevocationAnswer(der: der) else { continue }
      guard let proof = try? prove(.answer(changed), with: .none, anchors: .builtIn, at: now) else { continue }
      // What a signature does not cover may differ; what it says may not.
      accepted += changed.status == answer.status && proof.from == answer.thisUpdate.adding(.seconds(-300)) ? 0 : 1
    }
    #expect(accepted == 0)
  }

  @Test func authoritiesOfNVIDIAAreFollowedToTheirRoot() throws {
    guard case .manifest(let document) = try artefact(Self.driver), let manifest = document.manifest else {
      Issue.record("no manifest")
      return
    }
    let now = try Timestamp(rfc3339: "2025-10-24T12:00:00Z")
    let certificates = manifest.signature.certificates
    for certificate in certificates {
      let proof = try prove(
        .certificate(certificate), with: Endorsements(certificates: certificates), anchors: .builtIn, at: now)
      #expect(proof.anchor.product == NVIDIARoot.manifests)
    }
    #expect(throws: Refusal.self) {
      try prove(.certificate(certificates[0]), with: .none, anchors: .builtIn, at: now)
    }
    #expect(throws: Refusal.self) {
      try prove(
        .certificate(certificates[0]), with: Endorsements(certificates: certificates), anchors: Anchors(all: []),
        at: now)
    }
  }
}
