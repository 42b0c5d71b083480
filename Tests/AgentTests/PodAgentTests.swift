import Bytes
import Evidence
import KBSProtocol
import Platform
import SignedNotes
import SimulatedTEE
import Telemetry
import Terminal
import Testing
import Weights

@testable import Agent

@Suite struct PodAgentTests {
  private func attempt(
    _ fault: FakeBroker.Fault, _ pod: TestPod? = nil, guest: FakeGuest = FakeGuest(),
    change: (inout Configuration) -> Void = { _ in }
  ) async throws -> (pod: TestPod, broker: FakeBroker, error: AgentError?) {
    let pod = try pod ?? TestPod()
    let broker = try FakeBroker(fault, key: TestPod.key)
    var configuration = try pod.configuration(logKey: broker.log.verifierKey)
    change(&configuration)
    do throws(AgentError) {
      _ = try await pod.open(pod.agent(configuration, broker, guest))
      return (pod, broker, nil)
    } catch {
      return (pod, broker, error)
    }
  }

  @Test func aGoodBrokerGivesAModelInMemory() async throws {
    let (pod, broker, error) = try await attempt(.none)
    #expect(error == nil)
    #expect(pod.memory == [".model.lease", "model"])
    let model = try FileTree.open("\(pod.path)/memory/model")
    #expect(try model.readFile("notes/weights.dat", limitBytes: 1000) == TestPod.plain)
    #expect(broker.state.withLock { $0.handshakes } == 1)
    #expect(
      pod.lines.withLock { $0 }
        == [
          #"{"stage":"manifest","reason":"ok","hint":"","ms":5}"#,
          #"{"stage":"destination","reason":"ok","hint":"","ms":10}"#,
          #"{"stage":"evidence","reason":"ok","hint":"","ms":15}"#,
          #"{"stage":"release","reason":"ok","hint":"","ms":20}"#,
          #"{"stage":"logProof","reason":"ok","hint":"","ms":25,"index":1,"simulated":true}"#,
          #"{"stage":"key","reason":"ok","hint":"","ms":30}"#,
          #"{"stage":"weights","reason":"ok","hint":"","ms":35,"bytes":55,"files":2}"#,
        ].map { $0 + "\n" })
  }

  @Test func wipingLeavesNothing() async throws {
    let pod = try TestPod()
    let broker = try FakeBroker(key: TestPod.key)
    let agent = pod.agent(try pod.configuration(logKey: broker.log.verifierKey), broker)
    _ = try await agent.openModel()
    #expect(pod.memory == [".model.lease", "model"])
    agent.wipe()
    #expect(pod.memory.isEmpty)
    agent.wipe()
  }

  /// Fault, the reason the pod gives, its exit status, and how many handshakes it made.
  @Test(
    arguments: [
      (.otherModelKey, "wrongModelKey", 6, 1), (.shortKey, "wrongModelKey", 6, 1),
      (.jweToOtherKey, "keyNotForUs", 2, 1),
      (.jweGarbage, "keyNotForUs", 2, 1), (.noProof, "logProofMissing", 6, 1),
      (.garbageProof, "logProofMalformed", 6, 1),
      (.proofOfOtherResource, "logProofOtherResource", 6, 1), (.proofOfOtherKey, "logProofOtherKey", 6, 1),
      (.denyLeaf, "logProofNotAllowed", 6, 1), (.statementLeaf, "logProofNotADecision", 6, 1),
      (.leafIsNotJSON, "logProofNotADecision", 6, 1), (.proofByOtherLog, "logProofInvalid", 6, 1),
      (.proofNotInTree, "logProofInvalid", 6, 1), (.proofWithoutEntry, "logProofInvalid", 6, 1),
      (.forbidden, "resource.measurementUnknown", 4, 1), (.notFound, "resource.PluginInternalError", 4, 1),
      (.policyDenyAsUnauthorised, "resource.PolicyDeny", 4, 1),
      (.attestUnauthorised, "attest.reportDataMismatch", 2, 1),
      (.alwaysUnauthorised, "resource.TokenNotFound", 2, 2), (.noCookie, "auth.malformedAnswer", 5, 1),
      (.noToken, "attest.malformedAnswer", 5, 1), (.challengeGarbage, "auth.malformedAnswer", 5, 1),
      (.hashUnknown, "auth.malformedAnswer", 5, 1), (.errorIsNotJSON, "resource.status403", 4, 1),
      (.redirect, "auth.status302", 5, 1), (.untrusted, "auth.tlsUntrusted", 2, 1),
      (.alwaysBusy, "auth.HTTPFailed", 3, 5), (.alwaysUnreachable, "auth.unreachable", 3, 5),
    ] as [(FakeBroker.Fault, String, Int32, Int)])
  func aBrokerThatMisbehavesStartsNothing(
    _ fault: FakeBroker.Fault, _ reason: String, _ status: Int32, _ handshakes: Int
  ) async throws {
    let (pod, broker, error) = try await attempt(fault)
    #expect(error?.code == reason)
    #expect(error?.exit.rawValue == status)
    #expect(broker.state.withLock { $0.handshakes } == handshakes)
    #expect(pod.stages.last?.hasSuffix(" \(reason)") == true)
  }

  @Test func whatPassesByItselfIsTriedAgainAndNotForEver() async throws {
    for (fault, handshakes) in [(.busyTwice, 3), (.unreachableOnce, 2), (.unauthorisedOnce, 2)]
      as [(FakeBroker.Fault, Int)]
    {
      let (_, broker, error) = try await attempt(fault)
      #expect(error == nil)
      #expect(broker.state.withLock { $0.handshakes } == handshakes)
    }
  }

  @Test func aDenialTellsTheOperatorWhatToAsk() async throws {
    let (pod, _, _) = try await attempt(.forbidden)
    let line = try #require(pod.lines.withLock { $0.last })
    let value = try StrictJSON.parse(Array(line.utf8.dropLast()))
    #expect(value["broker"]?["decision"]?.stringValue == "d-17")
    #expect(value["broker"]?["code"]?.stringValue == "measurementUnknown")
    #expect(value["broker"]?["status"]?.integer(Int.self) == 403)
    #expect(value["broker"]?["type"]?.stringValue?.hasSuffix("/PolicyDeny") == true)
    // The broker's own words cannot move a terminal's cursor.
    #expect(value["broker"]?["detail"]?.stringValue == "no?[2J")
    #expect(value["hint"]?.stringValue == "ask the operator: vouchsafe policy explain d-17")
  }

  // MARK: the engine

  @Test func anEngineThatCannotBeStartedIsFoundFirst() throws {
    let pod = try TestPod()
    let broker = try FakeBroker(key: TestPod.key)
    let sound = try pod.configuration(logKey: broker.log.verifierKey)
    try TestPod.write([], "not-executable", pod.folder)
    let cases: [(String, (inout Configuration.Engine) -> Void)] = [
      ("engine.command: /nonexistent/engine: No such file or directory", { $0.command = "/nonexistent/engine" }),
      ("engine.command: \(pod.path)/not-executable: Permission denied", { $0.command = "\(pod.path)/not-executable" }),
      ("engine.command: \(pod.path): Permission denied", { $0.command = pod.path }),
      ("engine.command: bin/true is not an absolute path", { $0.command = "bin/true" }),
      ("engine.directory: /nonexistent: No such file or directory", { $0.directory = "/nonexistent" }),
      ("engine.directory: /bin/true: Not a directory", { $0.directory = "/bin/true" }),
    ]
    for (sentence, change) in cases {
      var configuration = sound
      change(&configuration.engine)
      #expect(throws: AgentError.configuration(sentence)) {
        try pod.agent(configuration, broker).checkEngine(arguments: [])
      }
    }
    #expect(pod.stages == cases.map { _ in "engine configuration" })
    try pod.agent(sound, broker).checkEngine(arguments: ["--port", "8000"])
    #expect(throws: AgentError.self) { try pod.agent(sound, broker).checkEngine(arguments: ["--trust-remote-code"]) }
  }

  @Test(arguments: [("d-17", true), ("7", true), ("", false), ("-f", false), ("7;ls", false), ("7\n8", false)])
  func aHintNamesADecisionThatLooksLikeOne(id: String, isNamed: Bool) {
    let body = ErrorBody(.policyDeny, detail: "", code: nil, decisionID: id)
    let hint = AgentError.refused(.resource, status: 403, body).hint
    #expect(
      hint
        == (isNamed
          ? "ask the operator: vouchsafe policy explain \(id)" : "ask the operator; the broker named no decision"))
  }

  // MARK: the model

  @Test func aModelOfAnotherProviderCausesNoRelease() async throws {
    let (pod, broker, error) = try await attempt(.none, TestPod(signedBy: 9))
    #expect(error == .weights(.signature))
    #expect(pod.stages == ["manifest manifestSignature"])
    #expect(broker.state.withLock { $0.requests.isEmpty })
  }

  @Test func aModelThatIsNotTheConfiguredOneCausesNoRelease() async throws {
    for change in [{ $0.model.name = "other" }, { $0.model.version = "2" }] as [(inout Configuration) -> Void] {
      let (_, broker, error) = try await attempt(.none, change: change)
      #expect(error == .weights(.wrongModel))
      #expect(broker.state.withLock { $0.requests.isEmpty })
    }
  }

  @Test func aDestinationThatIsNotMemoryCausesNoRelease() async throws {
    let (pod, broker, error) = try await attempt(.none) { $0.destination.tmpfs = "/proc" }
    #expect(error == .platform(.notTmpfs))
    #expect(error?.exit == .usage)
    #expect(pod.stages == ["manifest ok", "destination destinationNotTmpfs"])
    #expect(broker.state.withLock { $0.requests.isEmpty })
  }

  @Test func anAlteredBlobLeavesNothing() async throws {
    let pod = try TestPod()
    let blobs = try FileTree.open("\(pod.path)/sealed/blobs")
    let name = try #require(try blobs.entries().first).name
    var bytes = try blobs.readFile(name, limitBytes: 1 << 20)
    bytes[bytes.count - 1] ^= 1
    try SmallFile.overwrite("\(pod.path)/sealed/blobs/\(name)", bytes)
    let (_, _, error) = try await attempt(.none, pod)
    #expect(error?.code == "segmentNotAuthentic")
    #expect(error?.exit == .integrity)
    #expect(pod.stages.last == "weights segmentNotAuthentic")
  }

  // MARK: without a proof

  @Test func withoutALogKeyTheAcceptanceIsInTheTimeline() async throws {
    let (pod, _, error) = try await attempt(.noProof) { $0.broker.logKey = nil }
    #expect(error == nil)
    #expect(pod.lines.withLock { $0 }.contains { $0.contains(#""acceptingKeyWithoutLogProof":true"#) })
  }

  @Test func theGuestComponentsMayFetchTheKey() async throws {
    let guest = FakeGuest(resource: TestPod.key)
    let (pod, broker, error) = try await attempt(.none, guest: guest) {
      $0.evidence.choice = .confidentialDataHub
      $0.broker.logKey = nil
    }
    #expect(error == nil)
    #expect(pod.memory == [".model.lease", "model"])
    #expect(broker.state.withLock { $0.requests.isEmpty })
    #expect(pod.stages == ["manifest ok", "destination ok", "release ok", "key ok", "weights ok"])
    let wrong = FakeGuest(resource: TestPod.key.map { $0 ^ 1 })
    let second = try await attempt(.none, guest: wrong) {
      $0.evidence.choice = .confidentialDataHub
      $0.broker.logKey = nil
    }
    #expect(second.error == .weights(.wrongKey))
  }

  // MARK: evidence

  @Test(arguments: [
    (FakeGuest.Mood.withoutTEE, "noTEE", ExitCode.refused), (.refusing, "guestComponents.refused", .unavailable),
    (.garbled, "guestComponents.malformed", .unavailable),
  ])
  func aGuestWithoutEvidenceSaysSo(_ mood: FakeGuest.Mood, _ reason: String, _ exit: ExitCode) async throws {
    let (_, broker, error) = try await attempt(.none, guest: FakeGuest(mood))
    #expect(error?.code == reason)
    #expect(error?.exit == exit)
    #expect(broker.state.withLock { $0.requests.isEmpty })
  }

  @Test func kernelReportsBecomeTheEvidenceKBSServersKnow() async throws {
    let guest = FakeGuest()
    let reports = KernelReports(guest) { "x" }
    #expect(try await reports.tee() == .snp)
    let digest = [UInt8](0..<48)
    let evidence = try SNPEvidence(kbsJSON: try await reports.primaryEvidence(digest))
    #expect(evidence.report.reportData == digest + [UInt8](repeating: 0, count: 16))
    #expect(evidence.report.bytes == SimulatedSNP().report(reportData: digest) || evidence.report.bytes.count == 1184)
    #expect(evidence.certificates == guest.certificates)
    #expect(guest.openDirectories == 0)
    await #expect(throws: AgentError.self) {
      try await KernelReports(FakeGuest(.garbled)) { "x" }.primaryEvidence(digest)
    }
    await #expect(throws: AgentError.noEvidence(.device(.noGuestDevice))) {
      try await KernelReports(FakeGuest(.withoutTEE)) { "x" }.tee()
    }
  }

  /// The CPU's evidence covers the devices' text byte for byte, so it must not be written anew.
  @Test func evidenceOfDevicesIsCarriedAsItCame() async throws {
    let text = #"{ "nvidia" : {"device_evidence_list":[1.50]} }"#
    let components = GuestComponents(url: "http://127.0.0.1:8006", send: FakeGuest(additional: text).exchange)
    #expect(try await components.additionalEvidence([UInt8](repeating: 0, count: 48)) == text)
    let none = GuestComponents(url: "http://127.0.0.1:8006", send: FakeGuest().exchange)
    #expect(try await none.additionalEvidence([UInt8](repeating: 0, count: 48)).isEmpty)
  }
}
