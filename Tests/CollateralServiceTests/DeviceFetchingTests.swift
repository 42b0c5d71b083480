import Bytes
import Collateral
import CollateralService
import Evidence
import SimulatedTEE
import SimulatedVendors
import Telemetry
import Testing
import Verification

/// A fetcher, NVIDIA's service of manifests and its responder, over HTTP.
struct DeviceFetchingTests {
  private static let nonce = [UInt8](0..<32)
  private let network: VendorNetwork
  private let evidence: NVIDIAEvidence

  init() throws {
    network = try VendorNetwork()
    let gpus = SimulatedGPUSet.protectedMachine(issuedAt: network.now.adding(.seconds(-3600)))
    network.vendors.withLock { $0.gpus = gpus }
    evidence = try gpus.evidence(nonce: Self.nonce)
  }

  /// Everything for the devices, as a broker asks: what they send first, then who signed the manifests.
  private func fetched(_ fetcher: CollateralFetcher) async -> (bodies: [[UInt8]], missing: [String]) {
    let subject = UnverifiedEvidence.nvidia(evidence)
    let first = await fetcher.outcomes(
      CollateralKey.wanted(by: subject), issuers: CollateralKey.issuers(in: subject), deadline: .seconds(60))
    let manifests = Endorsements(recognising: Self.bodies(first)).manifests
    let signers = manifests.flatMap { CollateralKey.wanted(by: $0) }
    let second = await fetcher.outcomes(
      Array(Set(signers)), issuers: manifests.flatMap { RevocationQuestions($0).issuers }, deadline: .seconds(60))
    let all = first.merging(second) { one, _ in one }
    let missing = all.values.compactMap { outcome -> String? in
      if case .missing(let why, let fault) = outcome { "\(why.code.rawValue) \(fault?.code ?? "")" } else { nil }
    }
    return (Self.bodies(all), missing)
  }

  private static func bodies(_ outcomes: [CollateralKey: CollateralFetcher.Outcome]) -> [[UInt8]] {
    outcomes.values.compactMap { if case .artefact(let item) = $0 { item.record.body } else { nil } }
  }

  private func verdict(_ bodies: [[UInt8]]) -> String {
    let verdict = verifyDevices(
      evidence, with: Endorsements(recognising: bodies), nonce: Self.nonce, anchors: VendorNetwork.anchors,
      at: network.now)
    switch verdict {
    case .success(let claims): return claims.findings.first?.refusal.code.rawValue ?? "verified"
    case .failure(let refusal): return refusal.code.rawValue
    }
  }

  @Test func theNetworkIsEnoughToJudgeEightGPUsAndFourSwitches() async throws {
    let found = await fetched(try network.fetcher())
    #expect(found.missing == [])
    // Three manifests; twelve boot ROMs, two authorities, and the manifests' signer with its two.
    #expect(found.bodies.count == 20)
    #expect(verdict(found.bodies) == "verified")
    #expect(network.questions.filter { $0 == "/ocsp" }.count == 17)
  }

  @Test func whatIsKeptProvesItselfAgain() async throws {
    let folder = Scratch()
    let first = await fetched(try network.fetcher(folder.path))
    let asked = network.questions.count
    network.server.stop()
    let second = await fetched(try network.fetcher(folder.path))
    #expect(second.missing == [] && Set(second.bodies) == Set(first.bodies))
    #expect(network.questions.count == asked)
  }

  @Test func aRevokedAuthorityIsHeard() async throws {
    network.vendors.withLock { $0.gpus.answers[0].status = .revoked(reason: 1) }
    let found = await fetched(try network.fetcher())
    #expect(found.missing == [])
    #expect(verdict(found.bodies) == "certificateRevoked")
  }

  @Test func whatNVIDIADidNotSignIsNotTaken() async throws {
    network.vendors.withLock {
      $0.gpus.manifests[0].signingKey = SimulatedNVIDIAKeys.stranger
      $0.gpus.answers[1].responder = .stranger
    }
    let found = await fetched(try network.fetcher())
    #expect(Set(found.missing) == ["refused collateralSignatureInvalid", "refused revocationAnswerInvalid"])
    #expect(verdict(found.bodies) == "collateralMissing")
  }

  @Test func anAnswerToAnotherQuestionIsNotTaken() async throws {
    network.answers { path, reply in
      // Of the nonce that it repeats.
      if path == "/ocsp" { reply.body.replace([0x30, 0x01, 0x02], with: [0x30, 0x01, 0x03]) }
    }
    let found = await fetched(try network.fetcher())
    #expect(verdict(found.bodies) == "collateralMissing")
  }

  @Test func answersAboutDevicesThatAreGoneAreLetGo() async throws {
    let fetcher = try network.fetcher()
    _ = await fetched(fetcher)
    let keys = CollateralKey.wanted(by: .nvidia(evidence)).filter(\.isOfOneCertificate)
    network.advance(.seconds(13 * 3600))
    let asked = network.questions.count
    await fetcher.refreshDue()
    for key in keys { #expect(await fetcher.nextRefresh(key) == nil) }
    #expect(network.questions.count == asked)
  }
}
