import Bytes
import Cryptography
import Evidence
import KBSProtocol
import SimulatedTEE
import Testing
import TransparencyLog
import Transport
import Verification

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)
private let issued = Bench.start.adding(.seconds(-3600))

private func guest(_ change: (inout SimulatedTDX) -> Void = { _ in }) -> SimulatedTDX {
  var guest = SimulatedTDX(issuedAt: issued)
  change(&guest)
  return guest
}

/// A bundle that fits the simulated trust domain as it comes.
private func tdxBundle(_ edit: (inout JSONObject) -> Void = { _ in }) -> JSONValue {
  var tdx = JSONObject([("mrTD", .strings([Hex.encode([UInt8](repeating: 0x7D, count: 48))]))])
  edit(&tdx)
  return bundle { $0["tees"] = .object([("tdx", .object(tdx))]) }
}

/// A broker with this guest's collateral, the bundle and a key.
private func bench(_ guest: SimulatedTDX = guest(), _ bundle: JSONValue = tdxBundle()) async throws -> Bench {
  var options = Bench.Options()
  options.collateral = Endorsements(recognising: guest.collateral.files.map(\.bytes))
  let bench = try await Bench.make(options)
  #expect(try await bench.approve(bundle).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  return bench
}

@Test(arguments: [UInt16(4), 5])
func aTrustDomainThatMatchesGetsItsKey(version: UInt16) async throws {
  let bench = try await bench()
  let (pod, answer) = try await Pod.attested(bench) { pod in
    pod.tdx = guest { if version == 5 { $0.useVersion5() } }
  }
  #expect(answer.status == 200)
  #expect(try pod.decrypted(try await pod.fetch(bench)) == secret)
}

@Test func theLeafSaysWhatWasMeasuredAndHowOldTheTCBIs() async throws {
  let bench = try await bench()
  let guest = guest { $0.measure(.booted) }
  let (pod, _) = try await Pod.attested(bench) { $0.tdx = guest }
  #expect(try await pod.fetch(bench).status == 200)
  let leaf = try #require(try await bench.entries().last)
  #expect(leaf["tee"] == ["tdx"] && leaf["sim"] == true)
  #expect(leaf["measure"]?["mrtd"]?.stringValue == Hex.encode(guest.mrTD))
  #expect(leaf["measure"]?["rtmr1"]?.stringValue == Hex.encode(guest.rtmrs[1]))
  #expect(leaf["measure"]?["mrconfigid"]?.stringValue == Hex.encode(guest.mrConfigID))
  #expect(leaf["tcb"]?["status"] == "UpToDate")
  #expect(leaf["tcb"]?["eval_data_number"] == 19)
  #expect(leaf["tcb"]?["svn"]?.stringValue == Hex.encode(guest.teeTCBSVN))
  #expect(leaf["collateral"]?.arrayValue?.count == 5)
  #expect(leaf["platform"]?.stringValue?.isEmpty == false)
  #expect(leaf["platform"]?.stringValue?.contains(Hex.encode(guest.platform.ppid)) == false)
}

@Test func aTrustDomainThatDoesNotMatchIsRefusedAndExplained() async throws {
  let bench = try await bench()
  let cases: [(String, (inout SimulatedTDX) -> Void)] = [
    ("measurementUnknown", { $0.mrTD[0] ^= 1 }), ("debugEnabled", { $0.tdAttributes |= 1 }),
    ("ownerNotAllowed", { $0.mrOwner[0] = 1 }), ("performanceMonitored", { $0.tdAttributes |= 1 << 63 }),
    ("tcbNotUpToDate", { $0.platform.components[0] = 7 }),
  ]
  for (code, change) in cases {
    let (_, answer) = try await Pod.attested(bench) { $0.tdx = guest(change) }
    #expect(answer.status == 403)
    #expect(answer.code == code)
    #expect(try await bench.entries().last?["result"] == "deny")
  }
}

@Test func evidenceOfATrustDomainThatIsNotGenuineIsNotLogged() async throws {
  let bench = try await bench()
  let size = await bench.broker.log.size
  let cases: [(String, (inout SimulatedTDX) -> Void)] = [
    ("signatureInvalid", { $0.bodySigningKey = SimulatedIntelKeys.stranger }),
    ("enclaveSignatureInvalid", { $0.qeSigningKey = SimulatedIntelKeys.stranger }),
    (
      "eventLogMismatch",
      {
        $0.measure(.booted)
        $0.rtmrs[0][0] ^= 1
      }
    ),
    ("chainUntrusted", { $0.editPCK = { $0.issuerKey = SimulatedIntelKeys.stranger } }),
    ("collateralMismatch", { $0.platform.fmspc[0] ^= 1 }),
  ]
  for (code, change) in cases {
    let (_, answer) = try await Pod.attested(bench) { $0.tdx = guest(change) }
    #expect(answer.status == 403)
    #expect(answer.code == code)
  }
  #expect(await bench.broker.log.size == size)
}

@Test func aQuoteServesOneChallengeOnly() async throws {
  let bench = try await bench()
  var first = Pod()
  first.tdx = guest()
  _ = try await first.open(bench)
  let message = try first.attestation().encoded()
  var second = first
  _ = try await second.open(bench)
  let answer = try await second.attest(bench, message)
  #expect(answer.status != 200)
}

@Test func initDataOfATrustDomainIsHeldByMRCONFIGID() async throws {
  let bench = try await bench()
  let initData = try InitData(toml: "version = \"0.1.0\"\nalgorithm = \"sha384\"\n\n[data]\n\"note.txt\" = \"hello\"\n")
  for (value, status) in [(initData.fieldValue(byteCount: 48), 200), ([UInt8](repeating: 0, count: 48), 403)] {
    var pod = Pod()
    pod.tdx = guest { $0.mrConfigID = value }
    _ = try await pod.open(bench)
    let answer = try await pod.attest(bench, try pod.attestation(initData: initData).encoded())
    #expect(answer.status == status)
    if status == 403 { #expect(answer.code == "hostDataMismatch") }
  }
}

@Test func collateralThatRunsOutStopsReleases() async throws {
  let bench = try await bench()
  bench.advance(.seconds(30 * 86_400 - 3600 - 1))
  #expect(try await Pod.attested(bench) { $0.tdx = guest() }.1.status == 200)
  bench.advance(.seconds(1))
  let (_, answer) = try await Pod.attested(bench) { $0.tdx = guest() }
  #expect(answer.status == 403)
  #expect(answer.code.map { ["collateralExpired", "revocationListExpired"].contains($0) } == true)
}

@Test func aBundleForOneTechnologyIsNoneForAnother() async throws {
  let bench = try await bench()
  let (_, answer) = try await Pod.attested(bench)
  #expect(answer.status == 403)
  #expect(answer.code == "teeNotInBundle")
}

@Suite struct EndorsementStoreTests {
  private let anchors: Anchors = {
    let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
    return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
  }()

  private func verified(_ store: EndorsementStore, _ evidence: UnverifiedEvidence, at now: Timestamp) async -> Claims? {
    let endorsements = await store.supply(for: evidence, at: now).endorsements
    let binding = Binding(runtimeDigest: [UInt8](0..<48))
    return try? verify(
      evidence, with: endorsements, binding: binding, anchors: anchors, at: now, floors: store.floors
    ).get()
  }

  private func store(_ guest: SimulatedTDX, at now: Timestamp = Bench.start) -> EndorsementStore {
    let store = EndorsementStore(EndorsementStore.Parts(anchors: anchors))
    store.hold(Endorsements(recognising: guest.collateral.files.map(\.bytes)), at: now)
    return store
  }

  private func evidence(_ guest: SimulatedTDX) throws -> UnverifiedEvidence {
    .tdx(try TDXEvidence(kbsJSON: guest.kbsEvidence(reportData: [UInt8](0..<48))))
  }

  @Test func whatIsProvedOnceServesUntilItsDatesEnd() async throws {
    let guest = guest()
    let store = store(guest)
    let evidence = try evidence(guest)
    let end = issued.adding(.seconds(30 * 86_400))
    for time in [Bench.start, Bench.start.adding(.seconds(1)), end.adding(.seconds(-1))] {
      #expect(await verified(store, evidence, at: time) != nil)
    }
    #expect(await verified(store, evidence, at: end) == nil)
    #expect(await verified(store, evidence, at: Bench.start) != nil)
  }

  /// A newer evaluation that was once in force makes older ones worthless.
  @Test func evaluationsOnlyRise() async throws {
    let (old, new) = (guest(), guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 })
    let store = store(old)
    #expect(await verified(store, try evidence(old), at: Bench.start) != nil)
    store.hold(Endorsements(recognising: new.collateral.files.map(\.bytes)), at: Bench.start)
    #expect(await verified(store, try evidence(new), at: Bench.start) != nil)
    store.hold(Endorsements(recognising: old.collateral.files.map(\.bytes)), at: Bench.start)
    #expect(await verified(store, try evidence(old), at: Bench.start) == nil)
  }
}
