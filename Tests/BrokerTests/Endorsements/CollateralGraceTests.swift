import Appraisal
import Bytes
import Replay
import SimulatedTEE
import Telemetry
import Testing
import TransparencyLog
import Transport
import Verification

@testable import Broker

/// A vendor that cannot be asked any more, and a quorum that says how long that may go on.
struct CollateralGraceTests {
  private static let day = Duration.seconds(86_400)

  private func bench(_ guest: SimulatedTDX = Shelf.guest()) async throws -> Bench {
    var options = Bench.Options()
    options.collateral = Endorsements(recognising: guest.collateral.files.map(\.bytes))
    let tdx: JSONValue = .object([("mrTD", .strings([Hex.encode([UInt8](repeating: 0x7D, count: 48))]))])
    return try await Bench.ready(bundle { $0["tees"] = .object([("tdx", tdx)]) }, options)
  }

  private func grace(
    _ bench: Bench, _ vendor: String = "intel", version: UInt64 = 1, previous: [UInt8]? = nil, lasting days: Int = 7
  ) async throws -> ReferenceStatement {
    let now = bench.time.withLock { $0 }
    let statement = ReferenceStatement(
      kind: .collateralGrace, scope: vendor, version: version, previous: previous, notAfter: now.adding(Self.day),
      body: .object([
        ("schema", "vouchsafe/collateral-grace/v1"), ("vendor", .string(vendor)),
        ("asOf", .string(Bench.start.rfc3339)),
        ("until", .string(now.adding(Self.day * days).rfc3339)), ("reason", "test"),
      ]))
    #expect(try await bench.submit(statement).status == 200)
    return statement
  }

  private func attested(_ bench: Bench, _ guest: SimulatedTDX = Shelf.guest()) async throws -> String {
    let (pod, answer) = try await Pod.attested(bench) { $0.tdx = guest }
    guard answer.status == 200 else { return answer.code ?? "\(answer.status)" }
    return try await pod.fetch(bench).status == 200 ? "released" : "not released"
  }

  @Test func itKeepsReleasesGoingAndEveryLeafSaysSo() async throws {
    let bench = try await bench()
    #expect(try await attested(bench) == "released")
    bench.advance(Self.day * 31)
    let refused = try await attested(bench)
    #expect(refused == "collateralExpired" || refused == "revocationListExpired")
    let statement = try await grace(bench)
    #expect(try await attested(bench) == "released")
    let entries = try await bench.entries()
    #expect(entries.last?["collateral_as_of"]?.stringValue == Bench.start.rfc3339)
    #expect(entries.contains { $0["type"] == "collateral-grace" && $0["scope"] == "intel" })
    #expect(entries.filter { $0["collateral_as_of"] != nil }.count == 2)
    let page = String(decoding: try await bench.call(.get, "/metrics").body, as: UTF8.self)
    #expect(page.contains("vouchsafe_collateral_grace_active 1"))
    // It ends by itself, and by the quorum's word.
    _ = try await grace(bench, version: 2, previous: statement.digest, lasting: -1)
    #expect(try await attested(bench) == refused)
    #expect(try await bench.examined().map(\.word).allSatisfy { $0 == "follows" || $0 == "same" })
  }

  @Test func itEndsByItself() async throws {
    let bench = try await bench()
    bench.advance(Self.day * 31)
    _ = try await grace(bench, lasting: 2)
    #expect(try await attested(bench) == "released")
    bench.advance(Self.day * 2)
    #expect(try await attested(bench) != "released")
  }

  @Test func itIsForOneVendor() async throws {
    let bench = try await bench()
    bench.advance(Self.day * 31)
    _ = try await grace(bench, "amd")
    #expect(try await attested(bench) != "released")
  }

  @Test func itLiftsNoCertificatesEnd() async throws {
    let guest = Shelf.guest { guest in
      guest.editPCK = { $0.notAfter = Bench.start.adding(Self.day * 31) }
    }
    let bench = try await bench(guest)
    bench.advance(Self.day * 30)
    _ = try await grace(bench)
    #expect(try await attested(bench, guest) == "released")
    bench.advance(Self.day)
    #expect(try await attested(bench, guest) == "certificateExpired")
    let signed = Shelf.guest { $0.collateral.signer.notAfter = Bench.start.adding(Self.day * 31) }
    let other = try await self.bench(signed)
    other.advance(Self.day * 31)
    _ = try await grace(other)
    #expect(try await attested(other, signed) == "certificateExpired")
  }

  @Test func itBringsNothingBackThatIsOlderThanWhatWasSeen() async throws {
    let bench = try await bench(Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 })
    #expect(try await attested(bench) == "released")
    bench.broker.endorsements.hold(Shelf.guest())
    bench.advance(Self.day * 31)
    _ = try await grace(bench)
    #expect(try await attested(bench) != "released")
  }

  @Test func whatElseIsWrongStaysWrong() async throws {
    let bench = try await bench()
    bench.advance(Self.day * 31)
    _ = try await grace(bench)
    let forged = Shelf.guest { $0.bodySigningKey = SimulatedIntelKeys.stranger }
    #expect(try await attested(bench, forged) != "released")
    #expect(try await attested(bench, Shelf.guest { $0.mrTD[0] ^= 1 }) == "measurementUnknown")
    #expect(try await attested(bench, Shelf.guest { $0.tdAttributes |= 1 }) == "debugEnabled")
  }

  /// The quorum's word comes between the verdict and the decision; another vendor's grace of the same moment is none.
  @Test func itHoldsInTheVeryValuesOfTheDecision() async throws {
    let bench = try await bench()
    bench.advance(Self.day * 31)
    let statement = try await grace(bench)
    _ = try await grace(bench, "amd")
    #expect(try await attested(bench) == "released")
    let size = await bench.broker.log.size
    let gate = bench.broker.registry.gate
    let (change, pod) = try await gate.writing {
      let change = Task { try await grace(bench, version: 2, previous: statement.digest, lasting: -1) }
      while await gate.waitingCount < 1 { await Task.yield() }
      let pod = Task { try await attested(bench) }
      while await gate.waitingCount < 2 { await Task.yield() }
      return (change, pod)
    }
    _ = try await change.value
    #expect(try await pod.value == "collateralExpired")
    #expect(await bench.broker.log.size == size + 1)
  }
}
