import Bytes
import Evidence
import KBSProtocol
import Platform
import SimulatedTEE
import Testing
import Verification

@testable import Agent

/// What a trust domain's agent sends beside its quote, and that it leads a verifier to the quote's registers.
@Suite struct GuestEventLogTests {
  private static let digest = [UInt8](0..<48)
  private static let now = Timestamp(seconds: 1_795_000_000)
  private let pod: TestPod

  init() throws { pod = try TestPod() }

  /// Firmware's area with its padding, and the agent's events without a header, as files of a guest.
  private func files(firmware: SimulatedEventLog?, agent: SimulatedEventLog?) throws -> GuestEventLog {
    if let firmware { try TestPod.write(firmware.bytes, "CCEL", pod.folder) }
    if let agent {
      var header = SimulatedEventLog()
      header.ending = .none
      try TestPod.write(Array(agent.bytes.dropFirst(header.bytes.count)), "eventlog", pod.folder)
    }
    return GuestEventLog(firmware: "\(pod.path)/CCEL", agent: "\(pod.path)/eventlog")
  }

  private func claims(_ domain: SimulatedTDX, _ log: GuestEventLog) async throws -> TDXClaims? {
    let reports = KernelReports(FakeGuest(domain: domain), log: log) { "token" }
    #expect(try await reports.tee() == .tdx)
    let evidence = try await reports.primaryEvidence(Self.digest)
    let anchors = try Anchors.parseFile(CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile))
    return try verify(
      try UnverifiedEvidence.parse(tee: .tdx, kbsJSON: evidence),
      with: Endorsements(recognising: domain.collateral.files.map(\.bytes)),
      binding: Binding(runtimeDigest: Self.digest), anchors: Anchors.builtIn.adding(anchors), at: Self.now
    ).get().tdx
  }

  private var booted: SimulatedEventLog {
    var log = SimulatedEventLog.booted
    log.ending = .ones(60_000)
    return log
  }

  private var pulled: SimulatedEventLog {
    var log = SimulatedEventLog()
    log.ending = .none
    log.appendTagged(domain: "vouchsafe.dev", operation: "model-load", content: "sha256:0000")
    log.appendTagged(domain: "vouchsafe.dev", operation: "engine", content: "with spaces, and more")
    return log
  }

  private func domain(_ logs: SimulatedEventLog...) -> SimulatedTDX {
    var all = SimulatedEventLog()
    all.events = logs.flatMap(\.events)
    var domain = SimulatedTDX(issuedAt: Self.now.adding(.seconds(-3600)))
    domain.rtmrs = all.registers
    return domain
  }

  @Test func bothLogsLeadToTheRegisters() async throws {
    let claims = try await claims(domain(booted, pulled), try files(firmware: booted, agent: pulled))
    #expect(claims?.eventLog?.registers == [.replayed, .replayed, .replayed, .replayed])
    #expect(claims?.eventLog?.dataProvedCount == booted.events.count + 2)
  }

  @Test func firmwareAlone() async throws {
    let claims = try await claims(domain(booted), try files(firmware: booted, agent: nil))
    #expect(claims?.eventLog?.registers == [.replayed, .replayed, .replayed, .untouched])
  }

  @Test func theAgentsEventsAlone() async throws {
    let log = try files(firmware: nil, agent: pulled)
    #expect(try log.read()?.prefix(69).suffix(37).starts(with: "Spec ID Event03".utf8) == true)
    let claims = try await claims(domain(pulled), log)
    #expect(claims?.eventLog?.registers == [.untouched, .untouched, .untouched, .replayed])
  }

  @Test func aGuestWithoutLogsSendsNone() async throws {
    let log = try files(firmware: nil, agent: nil)
    #expect(try log.read() == nil)
    #expect(try await claims(domain(booted), log)?.eventLog == nil)
  }

  @Test func whatTheLogDoesNotExplainIsRefused() async throws {
    let log = try files(firmware: booted, agent: pulled)
    var other = domain(booted, pulled)
    other.rtmrs[3][0] ^= 1
    await #expect(throws: Refusal.self) { try await claims(other, log) }
  }

  @Test func aLogThatCannotBeReadIsAnError() async throws {
    try TestPod.write([1, 2, 3], "CCEL", pod.folder)
    let log = GuestEventLog(firmware: "\(pod.path)/CCEL", agent: "/nonexistent")
    let reports = KernelReports(FakeGuest(domain: domain(booted)), log: log) { "token" }
    await #expect(throws: AgentError.noEvidence(.malformed(.malformed(ParseError("eventLog.event", .truncated))))) {
      try await reports.primaryEvidence(Self.digest)
    }
    let folder = GuestEventLog(firmware: pod.path, agent: "/nonexistent")
    #expect(throws: AgentError.self) { try folder.read() }
    // Guests of another kind have none, and nobody asks.
    _ = try await KernelReports(FakeGuest(), log: log) { "token" }.primaryEvidence(Self.digest)
  }
}
