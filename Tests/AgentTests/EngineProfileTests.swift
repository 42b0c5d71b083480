import Bytes
import Platform
import Testing

@testable import Agent

@Suite struct EngineProfileTests {
  private static func engine(_ members: String) throws -> Configuration.Engine {
    let text = "{\"command\": \"/bin/true\"\(members.isEmpty ? "" : ", ")\(members)}"
    return try Configuration.Engine(
      reading: try ConfigurationReader(try StrictJSON.parse(Array(text.utf8)), "engine"))
  }

  private static func refusal(_ members: String) -> String? {
    do {
      _ = try engine(members)
      return nil
    } catch AgentError.configuration(let sentence) {
      return sentence
    } catch { return "\(error)" }
  }

  private static let vllm = #""profile": "vllm", "socket": "/run/engine/engine.sock""#
  private static let llama =
    #""profile": "llama.cpp", "modelFile": "q/model.gguf", "socket": "/run/engine/engine.sock""#

  @Test func aProfileSaysWhereTheEngineListensAndWhatItServes() throws {
    let vllm = try #require(try Self.engine(Self.vllm).profile).arguments(file: nil, socket: "/s")
    #expect(vllm.prefix(4) == ["serve", "{model}", "--uds", "/s"])
    #expect(!vllm.contains("--trust-remote-code") && vllm.contains("safetensors"))
    let llama = try #require(try Self.engine(Self.llama).profile).arguments(file: "q/model.gguf", socket: "/s")
    #expect(llama.prefix(4) == ["--model", "{model}/q/model.gguf", "--host", "/s"])
    #expect(llama.contains("--offline"))
  }

  @Test func aProfilesVariablesWin() {
    let environment = EngineEnvironment.make(
      own: [:], passed: [], given: ["VLLM_PLUGINS": "evil", "HF_HUB_OFFLINE": "1"], hasOwnFiles: true, profile: .vllm)
    #expect(environment["VLLM_PLUGINS"] == "" && environment["VLLM_NO_USAGE_STATS"] == "1")
    #expect(environment["TMPDIR"] == "/tmp" && environment["HF_HUB_OFFLINE"] == "1")
    #expect(EngineEnvironment.make(own: [:], passed: [], given: [:])["TMPDIR"] == nil)
  }

  @Test(arguments: [
    ["--max-model-len", "4096"], ["--dtype=bfloat16", "--enforce-eager"], ["--served-model-name", "org/model"],
    ["--max_num_seqs", "8"], ["--seed", "-1"], ["-tp", "2"],
  ])
  func whatAVLLMMayBeToldIsPermitted(_ arguments: [String]) throws {
    #expect(try Self.engine(Self.vllm).firstRefusal(arguments) == nil)
  }

  @Test(arguments: [
    ["--trust-remote-code"], ["--trust_remote_code=true"], ["--trust"], ["--host", "0.0.0.0"], ["--port=1"],
    ["--uds", "/other"], ["--config", "/x.yaml"], ["--allowed-local-media-path", "/"], ["--allowed-local"],
    ["--chat-template", "/x"], ["--middleware", "x.y"], ["--tokenizer", "other/model"], ["--load-format", "pt"],
    ["--enable-lora"], ["--lora-modules", "a=/x"], ["--api-key", "k"], ["--kv-transfer-config", "{}"],
    ["--enable-prompt-embeds"], ["--enable-log-requests"], ["--hf-overrides.architectures", "x"], ["other/model"],
    ["--enforce-eager", "x", "other/model"], ["--speculative-config", "{}"], ["--"],
    ["--distributed-executor-backend", "x.y"], ["--otlp-traces-endpoint", "http://x"], ["--model", "x"],
  ])
  func whatAVLLMMayNotBeToldIsRefused(_ arguments: [String]) throws {
    #expect(try Self.engine(Self.vllm).firstRefusal(arguments) != nil)
  }

  @Test(arguments: [
    ["-c", "4096"], ["--ctx-size", "512", "-ngl", "99"], ["--temp", "-1"], ["--jinja", "-fa", "on"],
  ])
  func whatALlamaMayBeToldIsPermitted(_ arguments: [String]) throws {
    #expect(try Self.engine(Self.llama).firstRefusal(arguments) == nil)
  }

  @Test(arguments: [
    ["-hf", "x/y"], ["--hf-repo", "x"], ["-m", "/x"], ["--model-url", "u"], ["--host", "0.0.0.0"], ["--path", "/"],
    ["--slot-save-path", "/"], ["--lora", "/x"], ["--api-key", "k"], ["--rpc", "h:1"], ["--chat-template-file", "/x"],
    ["--log-file", "/x"], ["--slots"], ["--webui"], ["--tools", "all"], ["--media-path", "/"], ["--props"],
  ])
  func whatALlamaMayNotBeToldIsRefused(_ arguments: [String]) throws {
    #expect(try Self.engine(Self.llama).firstRefusal(arguments) != nil)
  }

  /// Without a profile the dangerous are refused by name, and by the beginnings that parsers of options complete.
  @Test func withoutAProfileTheDangerousAreRefused() throws {
    let engine = try Self.engine("")
    for argument in [
      "--trust-remote-code", "--trust", "--hf-repo", "--Trust_Remote_Code", "-hf", "--allowed-local-media",
    ] {
      #expect(engine.firstRefusal([argument]) != nil)
    }
    for argument in ["--model", "--port", "-m", "--mlock", "-1", "--", "-", "trust-remote-code"] {
      #expect(engine.firstRefusal([argument]) == nil)
    }
  }

  @Test(arguments: [
    (#""profile": "tgi""#, "engine.profile: tgi is none of vllm, llama.cpp"),
    (#""profile": "vllm""#, "engine.socket: missing"),
    (#""profile": "llama.cpp", "socket": "/a/b""#, "engine.modelFile: the model's"),
    (#""profile": "llama.cpp", "socket": "/a/b", "modelFile": "../x""#, "engine.modelFile: the model's"),
    (vllm + #", "modelFile": "x""#, "engine.modelFile: vllm"), (#""launcher": ["x"]"#, "engine.launcher"),
    (vllm + #", "environment": {"VLLM_PLUGINS": "x"}"#, "engine.environment: VLLM_PLUGINS is the profile's"),
    (vllm + #", "arguments": ["--host"]"#, "engine.arguments: --host is refused: the profile vllm"),
    (#""socket": "engine.sock""#, "engine.socket: an absolute"),
    (#""socket": "/engine.sock""#, "engine.socket: an absolute"),
    (#""socket": "/a/../b""#, "engine.socket: an absolute"),
    (#""socket": "/a/\#(String(repeating: "b", count: 108))""#, "engine.socket: longer"),
    (#""socket": "/a/b", "healthPath": "/x y""#, "engine.healthPath"),
    (#""room": {"waive": ["netwrk"]}"#, "engine.room.waive: netwrk is none of user, network, files"),
    (#""room": {"readable": ["opt"]}"#, "engine.room: opt is not"),
    (#""room": {"readable": ["/"]}"#, "engine.room: / is not"),
    (#""room": {"readable": ["/proc"]}"#, "engine.room.readable: /proc would"),
    (#""room": {"devices": ["/etc/passwd"]}"#, "engine.room.devices: /etc/passwd"),
    (#""room": {"user": 0}"#, "engine.room.user: from 1"),
    (#""room": {"wave": []}"#, "unknown member engine.room.wave"),
  ])
  func aSlipInTheEnginesSectionIsAnError(_ members: String, _ beginning: String) {
    let sentence = Self.refusal(members)
    #expect(sentence?.hasPrefix(beginning) == true, "\(sentence ?? "accepted")")
  }

  @Test func aRoomHasEveryWallThatIsNotWaived() throws {
    let whole = try Self.engine("").room
    #expect(whole.waivedNames.isEmpty)
    #expect(whole.sealedRoom(model: "", socketFolder: nil)?.walls == Set(SealedRoom.Wall.allCases))
    let open = try Self.engine(#""room": {"waive": ["output", "files", "user"]}"#).room
    #expect(open.waivedNames == ["user", "files", "output"])
    #expect(open.sealedRoom(model: "", socketFolder: nil)?.walls == [.network, .processes, .systemCalls])
    let none = try Self.engine(#""room": {"waive": ["user", "network", "files", "processes", "systemCalls"]}"#).room
    #expect(none.sealedRoom(model: "", socketFolder: nil) == nil && !none.waivesOutput)
  }
}
