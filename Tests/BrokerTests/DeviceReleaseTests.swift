import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Replay
import SimulatedTEE
import Telemetry
import Testing
import TransparencyLog
import Transport
import Verification

@testable import Broker

private let issued = Bench.start.adding(.seconds(-3600))
private let twoGPUs = SimulatedGPUSet(count: 2, issuedAt: issued)

/// A bundle that takes the simulated guest with two GPUs.
func gpuBundle(_ edit: (inout JSONObject) -> Void = { _ in }) -> JSONValue {
  var gpus = JSONObject([
    ("count", 2), ("models", ["GH100"]), ("boards", ["1010_0200_882"]), ("minimumDriver", "550.90.07"),
    ("minimumVBIOS", "96.00.9F.00.01"),
  ])
  edit(&gpus)
  return bundle { $0["gpus"] = .object(gpus) }
}

/// A broker with what NVIDIA says about these GPUs, the bundle and a key.
private func bench(_ gpus: SimulatedGPUSet = twoGPUs, _ bundle: JSONValue = gpuBundle()) async throws -> Bench {
  var options = Bench.Options()
  options.collateral = Endorsements(recognising: gpus.files.map(\.bytes))
  return try await Bench.ready(bundle, options)
}

private func refused(
  _ bench: Bench, _ gpus: SimulatedGPUSet? = twoGPUs, _ edit: (inout Pod) -> Void = { _ in }
) async throws -> String? {
  let (_, answer) = try await Pod.attested(bench) { pod in
    pod.gpus = gpus
    edit(&pod)
  }
  // What is missing may come; a guest may ask again.
  #expect(answer.status == (answer.code == "collateralMissing" ? 503 : 403))
  return answer.code
}

private func with(_ change: (inout SimulatedGPU) -> Void) -> SimulatedGPUSet {
  var gpus = twoGPUs
  change(&gpus.devices[1])
  return gpus
}

@Test func aPodWithItsGPUsGetsItsKey() async throws {
  let bench = try await bench()
  let (pod, answer) = try await Pod.attested(bench) { $0.gpus = twoGPUs }
  #expect(answer.status == 200)
  #expect(try await pod.fetch(bench).status == 200)
  let leaf = try #require(try await bench.entries().last)
  #expect(leaf["tee"] == ["snp", "nvgpu"] && leaf["sim"] == true)
  let devices = try #require(leaf["measure"]?["devices"]?.arrayValue)
  #expect(devices.map { $0["driver"] } == ["550.90.07", "550.90.07"])
  #expect(devices.allSatisfy { $0["rims"]?.arrayValue?.count == 2 })
  #expect(Set((leaf["devices"]?.arrayValue ?? []).compactMap(\.stringValue)).count == 2)
  #expect(leaf["collateral"]?.arrayValue?.count == 9)
}

@Test func aTrustDomainMayHaveGPUsToo() async throws {
  let guest = SimulatedTDX(issuedAt: issued)
  var options = Bench.Options()
  options.collateral = Endorsements(recognising: guest.collateral.files.map(\.bytes) + twoGPUs.files.map(\.bytes))
  let bundle = bundle {
    $0["tees"] = .object([("tdx", .object([("mrTD", .strings([Hex.encode(guest.mrTD)]))]))])
    $0["gpus"] = .object([("count", 2), ("models", ["GH100"])])
  }
  let bench = try await Bench.ready(bundle, options)
  let (pod, answer) = try await Pod.attested(bench) { pod in
    pod.tdx = guest
    pod.gpus = twoGPUs
  }
  #expect(answer.status == 200)
  #expect(try await pod.fetch(bench).status == 200)
}

/// The processor's evidence covers the very text: not one byte of it may be another.
@Test func theTextAboutGPUsIsBoundByteForByte() async throws {
  let bench = try await bench()
  let size = await bench.broker.log.size
  let other = SimulatedGPUSet(count: 2, issuedAt: issued).kbsEvidence(nonce: [UInt8](repeating: 1, count: 32))
  let replacements: [@Sendable (inout String) -> Void] = [
    { $0 += " " }, { $0 = "" }, { $0.replace("unknown", with: "GPU-1", maxReplacements: 1) },
    { $0 = String(decoding: CanonicalJSON.encode(.object([("nvidia", other)])), as: UTF8.self) },
  ]
  for replacement in replacements {
    #expect(try await refused(bench) { $0.replaceAdditional = replacement } == "reportDataMismatch")
  }
  #expect(try await refused(bench, nil) { $0.replaceAdditional = { $0 = "{}" } } == "reportDataMismatch")
  #expect(await bench.broker.log.size == size)
}

@Test func gpusMustAnswerThisSession() async throws {
  let bench = try await bench()
  #expect(
    try await refused(bench) { $0.deviceNonce = [UInt8](repeating: 9, count: 32) } == "reportDataMismatch")
  var one = twoGPUs
  one.devices[1].patches = [4: [0, 0, 0, 0]]
  #expect(["reportDataMismatch", "signatureInvalid"].contains(try await refused(bench, one)))
}

@Test func theNumberOfGPUsIsExact() async throws {
  let bench = try await bench()
  #expect(try await refused(bench, nil) == "gpuCount")
  #expect(try await refused(bench, SimulatedGPUSet(count: 1, issuedAt: issued)) == "gpuCount")
  #expect(try await refused(bench, SimulatedGPUSet(count: 3, issuedAt: issued)) == "collateralMissing")
  #expect(try await bench.entries().last?["reasons"] == ["gpuCount"])
  var twice = twoGPUs
  twice.devices[1] = twice.devices[0]
  #expect(try await refused(bench, twice) == "deviceRepeated")
  // The same key under another certificate is the same device.
  twice.devices[1].editLeaf = { $0.serial += 1 }
  #expect(try await refused(bench, twice) == "deviceRepeated")
}

@Test func gpusThatNobodyApprovedAreRefused() async throws {
  let bench = try await bench(twoGPUs, bundle())
  #expect(try await refused(bench) == "gpuNotInBundle")
  let (_, answer) = try await Pod.attested(bench)
  #expect(answer.status == 200)
}

@Test func aGPUThatIsNotAsTheBundleSaysIsRefused() async throws {
  let strangers = [1, 2].map { JSONValue.string(Hex.encode([UInt8](repeating: $0, count: 32))) }
  let cases: [(String, JSONValue, String)] = [
    ("models", ["GB100"], "gpuModelNotAllowed"), ("boards", ["G520_0228_889"], "gpuBoardNotAllowed"),
    ("modes", ["PPCIE", "MPT"], "gpuModeNotAllowed"), ("minimumDriver", "550.90.08", "gpuDriverTooOld"),
    ("minimumDriver", "570", "gpuDriverTooOld"), ("minimumVBIOS", "96.00.A0.00.00", "gpuVBIOSTooOld"),
    ("devices", .array(strangers), "gpuNotAllowed"),
  ]
  for (member, value, code) in cases {
    let bench = try await bench(twoGPUs, gpuBundle { $0[member] = value })
    #expect(try await refused(bench) == code)
    let explanation = try #require(try await bench.entries().last?["explanation"]?.stringValue)
    let stored = try await bench.broker.evidence.read(try Hex.decode(explanation, "explanation"))
    let mismatches = try #require(try StrictJSON.parse(stored)["mismatches"]?.arrayValue)
    #expect(mismatches.count == 2, "\(member)")
    #expect(mismatches[0]["field"]?.stringValue?.hasPrefix("gpu[0].") == true)
  }
}

@Test func theVeryDevicesMayBePinned() async throws {
  let digests = twoGPUs.devices.map {
    JSONValue.string(Hex.encode(Hash.sha256.digest($0.leafTemplate.subjectPublicKeyInfo)))
  }
  let bench = try await bench(twoGPUs, gpuBundle { $0["devices"] = .array(digests) })
  #expect(try await Pod.attested(bench) { $0.gpus = twoGPUs }.1.status == 200)
  var other = SimulatedGPUSet((1..<3).map { SimulatedGPU($0) }, issuedAt: issued)
  other.devices.swapAt(0, 1)
  #expect(try await refused(bench, other) == "collateralMissing")
}

@Test func gpusBehindSwitchesNeedTheSwitches() async throws {
  let machine = SimulatedGPUSet.protectedMachine(issuedAt: issued)
  let bundle = gpuBundle { gpus in
    gpus["count"] = 8
    gpus["modes"] = ["PPCIE"]
  }
  let bench = try await bench(machine, bundle)
  let answer = try await Pod.attested(bench) { $0.gpus = machine }.1
  #expect(answer.status == 200, "\(answer.code ?? "")")
  var bare = machine
  bare.devices.removeLast(4)
  #expect(try await refused(bench, bare) == "gpuTopologyUnproven")
  bare = machine
  bare.devices.removeLast()
  #expect(try await refused(bench, bare) == "topologyMismatch")
}

@Test func aBundleMayTakeGPUsWithoutTheirSwitchesByName() async throws {
  var machine = SimulatedGPUSet.protectedMachine(issuedAt: issued)
  machine.devices.removeLast(4)
  let bundle = gpuBundle { gpus in
    gpus["count"] = 8
    gpus["modes"] = ["PPCIE"]
    gpus["acceptingUnprovenTopology"] = true
  }
  let bench = try await bench(machine, bundle)
  let answer = try await Pod.attested(bench) { $0.gpus = machine }.1
  #expect(answer.status == 200, "\(answer.code ?? "")")
}

/// Firmware that cannot say which it is: its report and its certificate are silent.
@Test func aBundleMayTakeGPUsWithoutAFirmwareIDByName() async throws {
  var silent = twoGPUs
  for index in silent.devices.indices {
    (silent.devices[index].firmwareID, silent.devices[index].certifiedFirmwareID) = (nil, nil)
  }
  #expect(try await refused(try await bench(silent), silent) == "firmwareIDMissing")
  let widened = gpuBundle { $0["acceptingMissingFirmwareID"] = true }
  let bench = try await bench(silent, widened)
  let (pod, answer) = try await Pod.attested(bench) { $0.gpus = silent }
  #expect(answer.status == 200, "\(answer.code ?? "")")
  #expect(try await pod.fetch(bench).status == 200)
  // It widens that rule and no other: what a report and a certificate say of the firmware is the same.
  silent.devices[1].certifiedFirmwareID = Hash.sha384.digest([1])
  silent.devices[1].firmwareID = Hash.sha384.digest([2])
  #expect(try await refused(bench, silent) == "firmwareIDMismatch")
}

@Test func gpusWithoutAProcessorAuthoriseNothing() async throws {
  let bench = try await bench()
  var pod = Pod()
  pod.claimedTEE = .nvidia
  let opened = try await pod.open(bench)
  guard opened.status == 200 else { return }
  let digest = RuntimeData(nonce: pod.nonce, teePublicKey: pod.key.jwk).digest(.device)
  let evidence = twoGPUs.kbsEvidence(nonce: Array(digest.prefix(32)))
  let runtime = RuntimeData(nonce: pod.nonce, teePublicKey: pod.key.jwk)
  let answer = try await pod.attest(
    bench, AttestationMessage(runtimeData: runtime, primaryEvidence: evidence).encoded())
  #expect(answer.status == 403)
  #expect(answer.code == "deviceEvidenceAlone")
}

@Test func devicesOfNoKnownKindAreRefused() async throws {
  let bench = try await bench()
  let texts = [
    ("{\"sampledevice\":{}}", "additionalEvidenceUnsupported"), ("{\"tdx\":{}}", "additionalEvidenceUnsupported"),
    ("{\"nvidia\":{\"device_evidence_list\":[]},\"tpm\":{}}", "additionalEvidenceUnsupported"),
    ("{\"nvidia\":{}}", "malformed"), ("{\"nvidia\":{\"device_evidence_list\":[]}}", "malformed"),
  ]
  for (text, code) in texts {
    var pod = Pod()
    pod.editAdditional = { $0 = text }
    _ = try await pod.open(bench)
    let answer = try await pod.attest(bench)
    #expect(answer.status != 200)
    #expect(answer.code == code, "\(text)")
  }
  for text in ["[]", "{", "{\"nvidia\":{},\"nvidia\":{}}", "null"] {
    let (_, answer) = try await Pod.attested(bench) { $0.editAdditional = { $0 = text } }
    #expect(answer.status >= 400, "\(text)")
  }
}

@Test func whatNVIDIADoesNotVouchForIsRefused() async throws {
  let bare = try await Bench.ready(gpuBundle())
  #expect(try await refused(bare) == "collateralMissing")
  let bench = try await bench()
  #expect(try await refused(bench, with { $0.measurements[3][0] ^= 1 }) == "measurementMismatch")
  #expect(try await bench.entries().last?["result"] == "deny")
  #expect(try await refused(bench, with { $0.signingKey = SimulatedNVIDIAKeys.stranger }) == "signatureInvalid")
  bench.advance(.seconds(86_400))
  #expect(try await refused(bench) == "revocationAnswerExpired")
}

@Test func whatIsProvedOnceServesTheNextPod() async throws {
  let bench = try await bench()
  var gpus = twoGPUs
  for index in gpus.devices.indices {
    // A simulated chain is signed anew each time that it is asked for; a device's own stays as it is.
    let chain = try Certificate.parsePEM(gpus.devices[index].chainPEM).map(\.der)
    gpus.devices[index].arrangeChain = { _ in chain }
  }
  let same = gpus
  for _ in 0..<3 { #expect(try await Pod.attested(bench) { $0.gpus = same }.1.status == 200) }
  let page = bench.broker.counters.exposition()
  #expect(page.contains("vouchsafe_collateral_cache_total{cache=\"devices\",result=\"miss\"} 2\n"))
  #expect(page.contains("vouchsafe_collateral_cache_total{cache=\"devices\",result=\"hit\"} 4\n"))
}

@Test func aGPUCanBeRevokedByItsKey() async throws {
  let bench = try await bench()
  let (pod, answer) = try await Pod.attested(bench) { $0.gpus = twoGPUs }
  #expect(answer.status == 200)
  let key = Hex.encode(Hash.sha256.digest(twoGPUs.devices[1].leafTemplate.subjectPublicKeyInfo))
  #expect(try await bench.submit(.revoking("device/\(key)"), by: [bench.approvers[0]]).status == 200)
  #expect(try await pod.fetch(bench).status == 403)
  #expect(try await refused(bench) == "deviceRevoked")
  #expect(try await refused(bench, SimulatedGPUSet(count: 1, issuedAt: issued)) == "gpuCount")
}

@Test func decisionsOnGPUsComeOutTheSameAgain() async throws {
  let bench = try await bench()
  let (pod, _) = try await Pod.attested(bench) { $0.gpus = twoGPUs }
  _ = try await pod.fetch(bench)
  _ = try await refused(bench, SimulatedGPUSet(count: 1, issuedAt: issued))
  _ = try await refused(bench, with { $0.measurements[3][0] ^= 1 })
  _ = try await refused(bench, nil)
  let found = try await bench.examined().filter { $0.leaf.decision != nil }
  #expect(found.count == 5)
  #expect(found.allSatisfy { $0.word == "same" }, "\(found.map(\.word))")
}
