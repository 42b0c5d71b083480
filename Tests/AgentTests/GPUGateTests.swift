import Bytes
import Evidence
import KBSProtocol
import Platform
import SignedNotes
import Telemetry
import Testing

@testable import Agent

private let digest = [UInt8](0..<48)

@Suite struct GPUGateTests {
  private func problem(_ body: () throws(AgentError) -> Void) -> AgentError.GPUProblem? {
    do throws(AgentError) {
      try body()
      return nil
    } catch {
      if case .gpus(let problem) = error { return problem }
      return nil
    }
  }

  private func evidenceProblem(
    _ gpus: StubGPUs, acceptingReadyGPUs: Bool = false
  ) throws -> AgentError.GPUProblem? {
    let gate = try gpus.gate(acceptingReadyGPUs: acceptingReadyGPUs)
    return problem { () throws(AgentError) in _ = try gate.evidence(digest) }
  }

  @Test func everyGPUAnswersTheSameChallenge() throws {
    let gpus = try StubGPUs()
    let text = try gpus.gate().evidence(digest)
    let list = try #require(
      try StrictJSON.parse(Array(text.utf8))["nvidia"]?["device_evidence_list"]?.arrayValue)
    #expect(list.count == 2)
    for (index, item) in list.enumerated() {
      let report = try Base64.decode(try #require(item["evidence"]?.stringValue), .standard, "evidence")
      #expect(report.starts(with: [0x11, 0xE0, 0x01, 0xFF] + digest.prefix(32)))
      let chain = try Base64.decode(try #require(item["certificate"]?.stringValue), .standard, "certificate")
      #expect(String(decoding: chain, as: UTF8.self) == "certificates of \(index)")
      #expect(item["arch"] == "HOPPER")
    }
    #expect(gpus.calls.isEmpty)
  }

  @Test func aMachineThatIsNotConfidentialShowsNothing() throws {
    let cases: [(String, String, AgentError.GPUProblem)] = [
      ("state-feature", "0", .notConfidential), ("state-environment", "1", .notConfidential),
      ("state-environment", "0", .notConfidential), ("state-environment", "7", .notConfidential),
      ("state-tools", "1", .developerTools), ("ready", "1", .alreadyReady),
      ("architecture", "8", .library(.gpuUnsupported(architecture: 8))),
      ("report-error", "3", .library(.gpuLibrary(3))), ("chain-size", "5121", .library(.malformedReport)),
      ("chain-size", "0", .library(.malformedReport)), ("report-size", "8193", .library(.malformedReport)),
      ("chain-1", "certificates of 0", .repeated),
    ]
    for (name, value, expected) in cases {
      let gpus = try StubGPUs()
      gpus.set(name, value)
      #expect(try evidenceProblem(gpus) == expected, "\(name) \(value)")
    }
  }

  @Test func gpusThatWereReadyBeforeNeedAWordInTheConfiguration() throws {
    let gpus = try StubGPUs()
    gpus.set("ready", "1")
    #expect(try evidenceProblem(gpus, acceptingReadyGPUs: true) == nil)
  }

  @Test func noGPUIsHidden() throws {
    let gpus = try StubGPUs()
    try gpus.addToBus("0000:0a:00.0")
    #expect(try evidenceProblem(gpus) == .hidden(onBus: 3, found: 2))
    let fewer = try StubGPUs(count: 2)
    fewer.set("count", "3")
    #expect(try evidenceProblem(fewer) == .hidden(onBus: 2, found: 3))
    let none = try StubGPUs(count: 0)
    #expect(try none.gate().evidence(digest).isEmpty)
  }

  @Test func theGateOpensForTheSameGPUsOnly() throws {
    let gpus = try StubGPUs()
    let gate = try gpus.gate()
    _ = try gate.evidence(digest)
    #expect(!gpus.isReady)
    try gate.open()
    #expect(gpus.isReady)
    #expect(gpus.calls == ["1"])
    #expect(gate.close())
    #expect(!gpus.isReady)
    #expect(gpus.calls == ["1", "0"])
    #expect(gate.close())
    #expect(gpus.calls == ["1", "0"])
  }

  @Test func anotherGPUAfterTheReleaseKeepsTheGateClosed() throws {
    for change in ["chain-0", "count"] {
      let gpus = try StubGPUs()
      let gate = try gpus.gate()
      _ = try gate.evidence(digest)
      gpus.set(change, change == "count" ? "1" : "certificates of another")
      #expect(problem { () throws(AgentError) in try gate.open() } == .changed)
      #expect(gpus.calls.isEmpty)
    }
  }

  @Test func anotherGPUBehindTheOpenedGateClosesIt() throws {
    let gpus = try StubGPUs()
    let gate = try gpus.gate()
    _ = try gate.evidence(digest)
    gpus.set("chain-1-after", "certificates of another")
    #expect(problem { () throws(AgentError) in try gate.open() } == .changed)
    #expect(gpus.calls == ["1", "0"])
    #expect(!gpus.isReady)
  }

  @Test func aDriverThatDoesNotOpenIsAnError() throws {
    let gpus = try StubGPUs()
    let gate = try gpus.gate()
    _ = try gate.evidence(digest)
    gpus.set("set-error", "4")
    #expect(problem { () throws(AgentError) in try gate.open() } == .library(.gpuLibrary(4)))
    #expect(!gpus.isReady)
    gpus.set("set-error", "0")
    gpus.set("stubborn", "1")
    #expect(problem { () throws(AgentError) in try gate.open() } == .notOpened)
  }

  @Test func closingIsTriedAgain() throws {
    let gpus = try StubGPUs()
    let gate = try gpus.gate()
    _ = try gate.evidence(digest)
    try gate.open()
    gpus.set("stubborn", "1")
    #expect(!gate.close())
    #expect(gpus.calls == ["1", "0", "0", "0"])
    gpus.set("stubborn", "0")
    #expect(gate.close())
    #expect(!gpus.isReady)
  }

  @Test func aGateThatShowedNothingOpensNothing() throws {
    let gpus = try StubGPUs()
    try gpus.gate().open()
    #expect(gpus.calls.isEmpty)
  }

  @Test func aLibraryThatIsNotThereOrDoesNotStart() throws {
    #expect(throws: PlatformError.noGPULibrary) { try NVML(library: "/nonexistent/libnvidia-ml.so.1") }
    let gpus = try StubGPUs()
    gpus.set("init-error", "9")
    #expect(throws: PlatformError.gpuLibrary(9)) { try NVML(library: gpus.library) }
  }
}

/// The agent from beginning to end with GPUs that its broker judges.
@Suite struct PodWithGPUsTests {
  private func attempt(
    _ gpus: StubGPUs, fault: FakeBroker.Fault = .none, change: (inout Configuration) -> Void = { _ in }
  ) async throws -> (pod: TestPod, agent: PodAgent, error: AgentError?) {
    let pod = try TestPod()
    let broker = try FakeBroker(fault, key: TestPod.key)
    var configuration = try pod.configuration(logKey: broker.log.verifierKey)
    configuration.evidence.gpus = .required
    configuration.evidence.gpuLibrary = gpus.library
    configuration.evidence.busPath = gpus.bus
    change(&configuration)
    let guest = FakeGuest()
    let agent = pod.agent(configuration, broker, guest)
    do throws(AgentError) {
      _ = try await agent.openModel()
      return (pod, agent, nil)
    } catch {
      return (pod, agent, error)
    }
  }

  @Test func gpusAreOpenedOnceTheKeyIsThereAndClosedAtTheEnd() async throws {
    let gpus = try StubGPUs()
    let (pod, agent, error) = try await attempt(gpus)
    #expect(error == nil)
    let stages = pod.lines.withLock { $0 }
    #expect(stages.contains { $0.hasPrefix(#"{"stage":"gpus","reason":"ok""#) })
    #expect(gpus.isReady)
    agent.wipe()
    #expect(!gpus.isReady)
    #expect(gpus.calls == ["1", "0"])
  }

  @Test func aBrokerThatSaysNoLeavesTheGPUsClosed() async throws {
    for fault: FakeBroker.Fault in [.forbidden, .attestUnauthorised, .noProof, .jweToOtherKey] {
      let gpus = try StubGPUs()
      let (pod, _, error) = try await attempt(gpus, fault: fault)
      #expect(error != nil)
      #expect(gpus.calls.isEmpty, "\(fault)")
      #expect(pod.memory.allSatisfy { $0 != "model" })
    }
  }

  @Test func aKeyThatDoesNotOpenTheModelClosesTheGPUs() async throws {
    let gpus = try StubGPUs()
    let (_, _, error) = try await attempt(gpus, fault: .otherModelKey)
    #expect(error != nil)
    #expect(gpus.calls == ["1", "0"])
    #expect(!gpus.isReady)
  }

  @Test func aGPUThatWasSwappedEndsTheStart() async throws {
    let gpus = try StubGPUs()
    gpus.set("chain-0-after", "certificates of another")
    let (pod, _, error) = try await attempt(gpus)
    #expect(error == .gpus(.changed))
    #expect(!gpus.isReady)
    #expect(pod.memory.allSatisfy { $0 != "model" })
  }

  @Test func gpusThatAreRequiredAreMissed() async throws {
    let gpus = try StubGPUs(count: 0)
    #expect(try await attempt(gpus).error == .gpus(.missing))
    #expect(
      try await attempt(gpus) { $0.evidence.gpuLibrary = "/nonexistent" }.error == .gpus(.missing))
    #expect(try await attempt(gpus) { $0.evidence.gpus = .auto }.error == nil)
    #expect(try await attempt(gpus) { $0.evidence.gpus = .none }.error == nil)
  }
}
