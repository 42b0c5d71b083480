import Bytes
import Cryptography
import Fetch
import Glibc
import Platform
import SignedNotes
import Testing

@testable import Agent

/// The program as a pod runs it, over real sockets, with a shell for an engine.
@Suite(.serialized, .enabled(if: RunningProgram.isBuilt, "needs the program vouchsafe-agent beside the tests"))
struct ProgramTests {
  private func configuration(
    _ pod: TestPod, _ servers: TestServers, engine: String, grace: Int = 5, logKey: String
  ) -> String {
    """
    { // a pod of a test
      "broker": {"url": "https://127.0.0.1:\(servers.brokerPort)", "caFile": "\(pod.path)/ca.pem",
        "logVerifierKey": "\(logKey)", "resource": "\(FakeBroker.resource)"},
      "evidence": {"configfsPath": "/nonexistent", "apiServerRest": "http://127.0.0.1:\(servers.guestPort)"},
      "model": {"directory": "\(pod.path)/sealed", "providerVerifierKey": "\(pod.providerKey.text)"},
      "destination": {"tmpfs": "\(pod.path)/memory", "acceptingSwap": true},
      "engine": {"command": "/bin/sh", "arguments": ["-c", "\(engine)", "sh", "{model}"], "graceSeconds": \(grace),
        "environment": {"GIVEN": "1"}, "passEnvironment": ["PATH", "PASSED"],
        "room": {"waive": ["user", "network", "files", "processes", "systemCalls", "output"]}},
      "terminationLog": "\(pod.path)/termination"
    }
    """
  }

  private func run(
    _ engine: String, arguments: [String] = [], grace: Int = 5, broker fault: FakeBroker.Fault = .none,
    hangs: Bool = false, meanwhile: (RunningProgram, TestPod) async throws -> Void = { _, _ in }
  ) async throws -> Outcome {
    let pod = try TestPod()
    let broker = try FakeBroker(fault, key: TestPod.key)
    let slow: Exchange = { (request: FetchRequest) async throws(FetchError) -> FetchResponse in
      try? await Task.sleep(for: .seconds(2))
      return try await broker.exchange(request)
    }
    var outcome: Outcome?
    try await TestServers.with(broker: hangs ? slow : broker.exchange, guest: FakeGuest().exchange) { servers in
      try TestPod.write(servers.certificatePEM, "ca.pem", pod.folder)
      let text = configuration(pod, servers, engine: engine, grace: grace, logKey: broker.log.verifierKey.text)
      try TestPod.write(Array(text.utf8), "agent.json", pod.folder)
      let program = try RunningProgram(
        RunningProgram.agentPath,
        ["run", "--config", "\(pod.path)/agent.json"] + (arguments.isEmpty ? [] : ["--"] + arguments),
        environment: [
          "PATH=/usr/bin:/bin", "PASSED=yes", "LD_BIND_NOW=1", "SECRET=host", "HTTPS_PROXY=http://127.0.0.1:1",
        ],
        folder: pod.path)
      try await meanwhile(program, pod)
      outcome = Outcome(
        status: try await program.status(), output: program.text("stdout"), errors: program.text("stderr"),
        lastWord: program.text("termination"), memory: pod.memory)
    }
    return try #require(outcome)
  }

  /// What a life of the program came to.
  private struct Outcome {
    let status: Int32
    let output: String
    let errors: String
    let lastWord: String
    let memory: [String]

    /// The last of the last words.
    var lastEvent: JSONValue {
      lastWord.split(separator: "\n").last.flatMap { try? StrictJSON.parse(Array($0.utf8)) } ?? .null
    }
  }

  private func expectNoKey(_ texts: String...) {
    let raw = String(decoding: TestPod.key, as: UTF8.self)
    for text in texts {
      for form in [raw, Hex.encode(TestPod.key), Base64.encode(TestPod.key), Base64.url(TestPod.key)] {
        #expect(!text.contains(form))
      }
    }
  }

  @Test func theEngineRunsWithTheModelAndNothingElse() async throws {
    let engine = "cat $1/notes/weights.dat; echo; env | sort; cat /proc/$PPID/environ /proc/$PPID/mem; echo $2; exit 7"
    let outcome = try await run(engine, arguments: ["--port"])
    #expect(outcome.status == 7)
    let output = outcome.output.split(separator: "\n").map(String.init)
    #expect(output.first == String(decoding: TestPod.plain, as: UTF8.self))
    #expect(output.last == "--port")
    let variables = output.dropFirst().dropLast().filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") }
    #expect(
      variables
        == [
          "GIVEN=1", "HF_HUB_DISABLE_TELEMETRY=1", "HF_HUB_OFFLINE=1", "OLDPWD", "PASSED=yes", "PATH=/usr/bin:/bin",
          "TRANSFORMERS_OFFLINE=1",
        ].filter { $0 != "OLDPWD" })
    #expect(outcome.memory.isEmpty)
    let errors = outcome.errors
    #expect(errors.contains("Permission denied"))
    expectNoKey(errors, outcome.output, outcome.lastWord)
    #expect(outcome.lastEvent["stage"]?.stringValue == "end")
    #expect(outcome.lastEvent["status"]?.integer(Int.self) == 7)
  }

  @Test func aDeniedPodSaysWhyAndStartsNothing() async throws {
    let outcome = try await run("echo started", broker: .forbidden)
    #expect(outcome.status == 4)
    #expect(outcome.output.isEmpty)
    #expect(outcome.memory.isEmpty)
    #expect(outcome.lastEvent["stage"]?.stringValue == "release")
    #expect(outcome.lastEvent["broker"]?["decision"]?.stringValue == "d-17")
    #expect(outcome.errors.hasSuffix(outcome.lastWord))
  }

  @Test func aSignalReachesTheEngineAndTheModelIsWiped() async throws {
    let outcome = try await run("trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done") { program, pod in
      let started = try await program.waitForText("stdout")
      #expect(started == "up\n")
      #expect(pod.memory == [".model.lease", "model"])
      // The agent's own memory, and what it was started with, hold no key that another process could read.
      kill(program.process, SIGTERM)
    }
    #expect(outcome.status == 9)
    #expect(outcome.memory.isEmpty)
  }

  @Test func anEngineThatWillNotEndIsKilled() async throws {
    let outcome = try await run("trap '' TERM; echo up; while :; do sleep 0.05; done", grace: 0) {
      program, _ in
      _ = try await program.waitForText("stdout")
      kill(program.process, SIGTERM)
    }
    #expect(outcome.status == 137)
    #expect(outcome.memory.isEmpty)
  }

  @Test func whatTheEngineLeavesBehindEndsWithIt() async throws {
    let outcome = try await run("setsid sleep 300 & setsid sleep 301 & echo $!; sleep 0.2; exit 0")
    #expect(outcome.status == 0)
    let orphan = try #require(Int32(outcome.output.split(separator: "\n").first ?? ""))
    #expect(kill(orphan, 0) != 0)
  }

  @Test func aSignalDuringTheStartWipesAndEnds() async throws {
    let outcome = try await run("echo started", hangs: true) { program, _ in
      for _ in 0..<1000 where !program.text("stderr").contains("\"evidence\"") {
        try await Task.sleep(for: .milliseconds(10))
      }
      kill(program.process, SIGTERM)
    }
    #expect(outcome.status == 143)
    #expect(outcome.memory.isEmpty)
    #expect(outcome.output.isEmpty)
    #expect(outcome.lastWord.contains("interrupted"))
  }

  @Test func aCrashPrintsNoMemory() async throws {
    let outcome = try await run("echo up; sleep 60") { program, _ in
      _ = try await program.waitForText("stdout")
      kill(program.process, SIGSEGV)
    }
    #expect(outcome.status == 139)
    #expect(outcome.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("{\"stage\"") })
  }

  @Test func aRefusedArgumentAndAMissingFileAreUsageErrors() async throws {
    let outcome = try await run("echo started", arguments: ["--trust-remote-code"])
    #expect(outcome.status == 1)
    #expect(outcome.output.isEmpty)
    #expect(outcome.memory.isEmpty)
    let pod = try TestPod()
    let missing = try RunningProgram(
      RunningProgram.agentPath, ["run", "--config", "/nonexistent"], environment: [], folder: pod.path)
    #expect(try await missing.status() == 1)
    #expect(missing.text("stderr").contains("\"configuration\""))
  }

  @Test func whatAKilledAgentLeftIsRemovedByTheNext() async throws {
    let pod = try TestPod()
    let broker = try FakeBroker(key: TestPod.key)
    try await TestServers.with(broker: broker.exchange, guest: FakeGuest().exchange) { servers in
      try TestPod.write(servers.certificatePEM, "ca.pem", pod.folder)
      let text = configuration(pod, servers, engine: "echo up; sleep 60", logKey: broker.log.verifierKey.text)
      try TestPod.write(Array(text.utf8), "agent.json", pod.folder)
      func start() throws -> RunningProgram {
        _ = unsafe unlink("\(pod.path)/stdout")
        return try RunningProgram(
          RunningProgram.agentPath, ["run", "--config", "\(pod.path)/agent.json"], environment: [], folder: pod.path)
      }
      let killed = try start()
      _ = try await killed.waitForText("stdout")
      // Already now: a kill leaves no time for last words.
      #expect(killed.text("termination").contains("\"stage\":\"weights\""))
      let second = try RunningProgram(
        RunningProgram.agentPath, ["run", "--config", "\(pod.path)/agent.json"], environment: [],
        folder: try pod.folder.createDirectory("second").path)
      #expect(try await second.status() == 3)
      #expect(second.text("stderr").contains("destinationInUse"))
      kill(killed.process, SIGKILL)
      #expect(try await killed.status() == 137)
      #expect(pod.memory == [".model.lease", "model"])
      let next = try start()
      #expect(try await next.waitForText("stdout") == "up\n")
      kill(next.process, SIGTERM)
      #expect(try await next.status() == 143)
      #expect(pod.memory.isEmpty)
    }
  }

  @Test func aConfigurationOfNoUseIsALastWordToo() async throws {
    let pod = try TestPod()
    let text = "{\"terminationLog\":\"\(pod.path)/termination\",\"brokr\":{}}"
    try TestPod.write(Array(text.utf8), "agent.json", pod.folder)
    let program = try RunningProgram(
      RunningProgram.agentPath, ["run", "--config", "\(pod.path)/agent.json"], environment: [], folder: pod.path)
    #expect(try await program.status() == 1)
    #expect(program.text("termination") == program.text("stderr"))
    #expect(program.text("termination").contains("\"reason\":\"configuration\""))
  }

  @Test func lastWordsAreTheWholeStart() async throws {
    let outcome = try await run("exit 0")
    #expect(outcome.lastWord == outcome.errors)
    #expect(outcome.lastWord.split(separator: "\n").count > 8)
  }

  @Test func evidenceIsPrintedAsKBSJSON() async throws {
    let pod = try TestPod()
    try await TestServers.with(broker: FakeBroker(key: TestPod.key).exchange, guest: FakeGuest().exchange) { servers in
      let text = configuration(pod, servers, engine: "true", logKey: try FakeBroker(key: []).log.verifierKey.text)
      try TestPod.write(servers.certificatePEM, "ca.pem", pod.folder)
      try TestPod.write(Array(text.utf8), "agent.json", pod.folder)
      let program = try RunningProgram(
        RunningProgram.agentPath,
        ["evidence", "--config", "\(pod.path)/agent.json", "--runtime-data", String(repeating: "ab", count: 48)],
        environment: [], folder: pod.path)
      #expect(try await program.status() == 0)
      let evidence = try StrictJSON.parse(Array(program.text("stdout").utf8), limits: .evidence)
      #expect(evidence["attestation_report"]?["report_data"]?.arrayValue?.first == 0xAB)
    }
  }
}
