import Bytes
import KBSProtocol
import Platform
import SignedNotes
import Telemetry
import Terminal
import Testing
import Weights

@testable import Agent

@Suite struct AdapterTests {
  private static let key = [UInt8](repeating: 0x5C, count: 32)
  private static let resource = "models/german/key"
  private static let plain = Array("what makes the model speak German".utf8)

  /// Which model the adapter says that it is of.
  enum Base { case own, other, none }

  private func pod(_ base: Base = .own) throws -> TestPod {
    let pod = try TestPod()
    let signer = try FakeBroker.signer("provider", seed: 1)
    let other = try pod.seal(["a.dat": [1]], "demo", in: "other", key: Self.key, by: signer)
    let named: BaseModel? =
      switch base {
      case .own: BaseModel(try pod.manifest())
      case .other: BaseModel(other)
      case .none: nil
      }
    _ = try pod.seal(["adapter.dat": Self.plain], "german", base: named, in: "adapter", key: Self.key, by: signer)
    return pod
  }

  private func attempt(
    _ pod: TestPod, _ others: [String: [UInt8]] = [resource: key],
    change: (inout Configuration) -> Void = { _ in }, onRelease: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> (broker: FakeBroker, configuration: Configuration, error: AgentError?) {
    let broker = try FakeBroker(key: TestPod.key, others: others, onRelease: onRelease)
    var configuration = try pod.configuration(logKey: broker.log.verifierKey)
    var model = configuration.model
    model.directory = "\(pod.path)/adapter"
    configuration.adapters = [.init(name: "german", resource: try ResourcePath(Self.resource), model: model, file: nil)]
    change(&configuration)
    do throws(AgentError) {
      _ = try await pod.open(pod.agent(configuration, broker))
      return (broker, configuration, nil)
    } catch {
      return (broker, configuration, error)
    }
  }

  @Test func anAdapterLiesBesideItsBaseUnderAKeyOfItsOwn() async throws {
    let pod = try pod()
    let (broker, _, error) = try await attempt(pod)
    #expect(error == nil)
    let shown = try FileTree.open("\(pod.path)/memory/model")
    #expect(try shown.readFile("model/notes/weights.dat", limitBytes: 1000) == TestPod.plain)
    #expect(try shown.readFile("adapters/german/adapter.dat", limitBytes: 1000) == Self.plain)
    #expect(broker.state.withLock { $0.handshakes } == 2)
    let lines = pod.lines.withLock { $0 }
    #expect(lines.filter { $0.contains(#""adapter":"german""#) }.count == 5)
    #expect(pod.stages.filter { $0 == "key ok" }.count == 2)
  }

  @Test(arguments: [Base.other, .none])
  func anAdapterOfAnotherModelCausesNoRelease(_ base: Base) async throws {
    let (broker, _, error) = try await attempt(try pod(base))
    #expect(error == .weights(.wrongBase))
    #expect(error?.exit == .integrity)
    #expect(broker.state.withLock { $0.requests.isEmpty })
  }

  @Test func anAdapterIsNoModel() async throws {
    let pod = try pod()
    let (broker, _, error) = try await attempt(pod) { configuration in
      configuration.model.directory = "\(pod.path)/adapter"
      configuration.adapters = []
    }
    #expect(error == .weights(.wrongBase))
    #expect(broker.state.withLock { $0.requests.isEmpty })
  }

  @Test func withoutAnAdaptersKeyNothingIsShown() async throws {
    for others in [[:], [Self.resource: TestPod.key]] as [[String: [UInt8]]] {
      let (_, _, error) = try await attempt(try pod(), others)
      #expect(error != nil)
    }
  }

  @Test func anAlteredAdapterTakesItsBaseWithIt() async throws {
    let pod = try pod()
    let blobs = try FileTree.open("\(pod.path)/adapter/blobs")
    let name = try #require(try blobs.entries().first).name
    var bytes = try blobs.readFile(name, limitBytes: 1 << 20)
    bytes[bytes.count - 1] ^= 1
    try SmallFile.overwrite("\(pod.path)/adapter/blobs/\(name)", bytes)
    let (_, _, error) = try await attempt(pod)
    #expect(error?.code == "segmentNotAuthentic")
  }

  private func gpus(_ gpus: StubGPUs) -> (inout Configuration) -> Void {
    { configuration in
      configuration.evidence.gpus = .required
      configuration.evidence.gpuLibrary = gpus.library
      configuration.evidence.busPath = gpus.bus
    }
  }

  @Test func everyKeyIsReleasedToTheSameGPUs() async throws {
    let shown = try StubGPUs()
    let (broker, _, error) = try await attempt(try pod(), change: gpus(shown))
    #expect(error == nil)
    #expect(broker.state.withLock { $0.handshakes } == 2)
    #expect(shown.calls == ["1"])
  }

  /// The base's key went to the GPUs that were there then.
  @Test(arguments: ["chain-1", "count"])
  func anotherGPUBetweenTwoKeysEndsTheStart(_ change: String) async throws {
    let shown = try StubGPUs()
    let folder = shown.folder
    let (broker, _, error) = try await attempt(
      try pod(), change: gpus(shown),
      onRelease: { resource in
        guard resource == FakeBroker.resource else { return }
        let text = change == "count" ? "1" : "certificates of another"
        try? SmallFile.overwrite("\(folder)/\(change)", Array(text.utf8))
        if change == "count" { try? FileTree.open("\(folder)/bus").remove("0000:02:00.0") }
      })
    #expect(error == .gpus(.changed))
    #expect(broker.state.withLock { $0.releases } == 1)
    #expect(shown.calls.isEmpty)
  }

  @Test func anEngineIsToldWhereItsAdaptersLie() async throws {
    let pod = try pod()
    let (broker, sound, _) = try await attempt(pod)
    for (profile, file, expected) in [
      (.vllm, nil, ["--enable-lora", "--lora-modules", "german=/w/adapters/german"]),
      (.llamaCpp, "a.gguf", ["--lora", "/w/adapters/german/a.gguf", "--lora-init-without-apply"]),
    ] as [(EngineProfile, String?, [String])] {
      var configuration = sound
      configuration.engine.profile = profile
      configuration.engine.arguments = []
      configuration.engine.modelFile = profile == .llamaCpp ? "m.gguf" : nil
      configuration.engine.socket = "/run/engine/engine.sock"
      configuration.adapters[0].file = file
      let plan = try pod.agent(configuration, broker).enginePlan(model: "/w", arguments: [])
      let text = plan.arguments.joined(separator: " ")
      #expect(text.contains(expected.joined(separator: " ")))
      #expect(text.contains("/w/model"))
    }
  }
}
