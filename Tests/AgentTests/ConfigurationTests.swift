import Bytes
import Cryptography
import Glibc
import KBSProtocol
import SignedNotes
import Testing

@testable import Agent

@Suite struct ConfigurationTests {
  private func text(_ replacements: [(String, String)] = []) throws -> String {
    let key = try FakeBroker.signer("provider", seed: 1).verifierKey.text
    let log = try FakeBroker.signer("log.test/decisions", seed: 3).verifierKey.text
    var text = """
      // What this pod is told.
      {
        "broker": {"url": "https://broker.test:8443/", "ca": "PEM", "logVerifierKey": "\(log)",
          "resource": "models/demo/key"},
        "model": {"directory": "/sealed", "providerVerifierKey": "\(key)"},
        "destination": {"tmpfs": "/dev/shm"}, /* memory */
        "engine": {"command": "/bin/true", "arguments": ["-m", "{model}"], "passEnvironment": ["PATH"],
          "environment": {"VLLM_CPU_KVCACHE_SPACE": "1"}}
      }
      """
    for (piece, replacement) in replacements {
      let parts = text.split(separator: piece, maxSplits: 1, omittingEmptySubsequences: false)
      #expect(parts.count == 2, "\(piece)")
      text = parts.joined(separator: replacement)
    }
    return text
  }

  private func refusal(_ replacements: (String, String)...) throws -> String {
    let text = try text(replacements)
    do throws(AgentError) {
      _ = try Configuration(parsing: Array(text.utf8))
      return "accepted"
    } catch {
      guard case .configuration(let sentence) = error else { return "\(error)" }
      return sentence
    }
  }

  @Test func aSocketThatAMountOfTheAgentsOwnWouldHideIsRefused() throws {
    let own = ("\"tmpfs\": \"/dev/shm\"", "\"tmpfs\": \"/dev/shm/\", \"mount\": \"own\"")
    let inside = ("\"command\"", "\"socket\": \"/dev/shm/run/engine.sock\", \"command\"")
    #expect(try refusal(own, inside).hasPrefix("engine.socket: lies in destination.tmpfs"))
    #expect(try refusal(inside) == "accepted")
    #expect(try refusal(own, ("\"command\"", "\"socket\": \"/dev/shmem/engine.sock\", \"command\"")) == "accepted")
  }

  @Test func aPlainConfigurationIsRead() throws {
    let configuration = try Configuration(parsing: Array(try text().utf8))
    #expect(configuration.broker.url == "https://broker.test:8443")
    #expect(configuration.broker.resource == (try ResourcePath("models/demo/key")))
    #expect(configuration.broker.caPEM == Array("PEM".utf8))
    #expect(configuration.evidence.choice == .auto)
    #expect(configuration.destination.name == "model")
    #expect(!configuration.destination.acceptingSwap)
    #expect(configuration.engine.grace == .seconds(20))
    #expect(configuration.model.threads == 2)
    #expect(configuration.terminationLog == nil)
  }

  @Test func aSlipIsAnErrorWithTheNearestName() throws {
    #expect(
      try refusal(("\"tmpfs\"", "\"tmpf\": \"\", \"tmpfs\"")) == "unknown member destination.tmpf; did you mean tmpfs?")
    #expect(
      try refusal(("\"engine\"", "\"acceptingKeyWithoutLogProf\": true, \"engine\"")).contains(
        "did you mean acceptingKeyWithoutLogProof?"))
    #expect(try refusal(("\"engine\"", "\"zzzzzzzz\": 1, \"engine\"")) == "unknown member zzzzzzzz")
    #expect(try refusal(("\"engine\": {", "\"engine\": {\"zzzzzzzz\": \"x\",")) == "unknown member engine.zzzzzzzz")
  }

  @Test func whatKeepsThePodSafeCannotBeLeftOut() throws {
    #expect(try refusal(("\"ca\": \"PEM\", ", "")).hasPrefix("broker.caFile: missing"))
    #expect(try refusal(("\"logVerifierKey\"", "\"x\"")).contains("unknown member broker.x"))
    let log = try FakeBroker.signer("log.test/decisions", seed: 3).verifierKey.text
    #expect(try refusal((", \"logVerifierKey\": \"\(log)\"", "")).hasPrefix("broker.logVerifierKeyFile: missing"))
    let key = try FakeBroker.signer("provider", seed: 1).verifierKey.text
    #expect(
      try refusal((", \"providerVerifierKey\": \"\(key)\"", "")).hasPrefix("model.providerVerifierKeyFile: missing"))
    #expect(
      try refusal(("\"engine\"", "\"evidence\": {\"source\": \"cdh\"}, \"engine\"")).hasPrefix("evidence.source cdh"))
    #expect(
      try refusal(
        ("\"engine\"", "\"evidence\": {\"source\": \"cdh\"}, \"acceptingKeyWithoutLogProof\": true, \"engine\""))
        == "accepted")
  }

  @Test(arguments: [
    "http://broker.test", "https://", "https://user@broker", "https://broker/kbs", "https://broker?x", "ftp://b",
    "https://a b",
  ])
  func onlyTheBrokersAddressIsAURL(_ url: String) throws {
    #expect(try refusal(("https://broker.test:8443/", url)) == "broker.url: https://HOST or https://HOST:PORT")
  }

  @Test(arguments: [
    "http://10.0.0.1:8006", "http://127.0.0.1", "http://127.0.0.1:0", "http://127.0.0.1.evil:80", "https://127.0.0.1:1",
    "http://127.0.0.1:80/x",
  ])
  func guestComponentsAreOnTheLoopback(_ url: String) throws {
    let sentence = try refusal(("\"engine\"", "\"evidence\": {\"apiServerRest\": \"\(url)\"}, \"engine\""))
    #expect(sentence.hasPrefix("evidence.apiServerRest:"))
  }

  @Test(arguments: [
    ("\"/bin/true\"", "\"true\"", "engine.command"), ("\"-m\"", "\"--trust-remote-code\"", "engine.arguments"),
    ("\"-m\"", "\"--trust_remote_code=1\"", "engine.arguments"),
    ("\"PATH\"", "\"LD_PRELOAD\"", "engine.passEnvironment"),
    ("\"PATH\"", "\"VLLM_PLUGINS\"", "engine.passEnvironment"),
    ("VLLM_CPU_KVCACHE_SPACE", "LD_PRELOAD", "engine.environment"),
    ("/dev/shm\"", "/dev/shm\", \"name\": \"a/b\"", "destination.name"),
    ("/dev/shm\"", "/dev/shm\", \"name\": \".hidden\"", "destination.name"),
    ("models/demo/key", "models/../key", "broker.resource"),
    ("models/demo/key", "demo", "broker.resource"),
    ("\"/bin/true\"", "\"/bin/true\", \"graceSeconds\": 601", "engine.graceSeconds"),
    ("\"/bin/true\"", "7", "engine.command"),
    ("\"ca\": \"PEM\"", "\"ca\": \"PEM\", \"caFile\": \"/x\"", "broker.ca and"),
    ("\"ca\": \"PEM\"", "\"caFile\": \"/nonexistent\"", "broker.caFile"),
    ("provider+", "provider", "model.providerVerifierKey"),
  ])
  func whatIsWrongIsNamed(_ piece: String, _ replacement: String, _ name: String) throws {
    #expect(try refusal((piece, replacement)).hasPrefix(name))
  }

  @Test func whatAPublisherSignedIsComparedByEveryByte() throws {
    let pem = PEM.encode("PUBLIC KEY", P256SigningKey.generate().publicKey.subjectPublicKeyInfo)
    let key = pem.split(separator: "\n").joined(separator: "\\n") + "\\n"
    let publisher = "\"publisher\": {\"signatureFile\": \"/model.sig\", \"publicKey\": \"\(key)\"}"
    let plain = "\"directory\": \"/sealed\""
    func verifiesDigests(_ members: String) throws -> Bool {
      let text = try text([(plain, "\(plain), \(members)")])
      return try Configuration(parsing: Array(text.utf8)).model.verifiesDigests
    }
    #expect(try !verifiesDigests("\"verifyDigests\": false"))
    #expect(try verifiesDigests("\"verifyDigests\": true"))
    #expect(try verifiesDigests(publisher))
    #expect(try verifiesDigests("\(publisher), \"verifyDigests\": false"))
  }

  @Test(arguments: [
    ("\"publicKey\": \"PEM\"", "model.publisher.publicKey: not a public key"),
    ("\"certificates\": \"PEM\"", "model.publisher.certificates: not certificates"),
    ("\"publicKey\": \"PEM\", \"certificates\": \"PEM\"", "model.publisher: give publicKeyFile or"),
    ("\"publicKey\": \"PEM\", \"signer\": \"x\"", "model.publisher: signer and at go with certificates"),
    ("\"signer\": \"x\"", "model.publisher: give publicKeyFile or"),
  ])
  func aPublisherIsKnownByAKeyOrByItsAuthorities(_ members: String, _ sentence: String) throws {
    let publisher = "\"publisher\": {\"signatureFile\": \"/model.sig\", \(members)}"
    #expect(try refusal(("\"directory\"", "\(publisher), \"directory\"")).hasPrefix(sentence))
  }

  @Test(arguments: [
    ("https://sts.test", "accepted"), ("http://sts.test", "model.store.tokenService: https://HOST"),
    ("sts.test", "model.store.tokenService: https://HOST"),
    ("HTTPS://sts.test", "model.store.tokenService: https://HOST"),
  ])
  func aTokenIsOnlyShownOverTLS(_ service: String, _ outcome: String) throws {
    let store = """
      "store": {"location": "s3://bucket/model", "tokenFile": "/token", "role": "r", "tokenService": "\(service)"}
      """
    #expect(try refusal(("\"directory\": \"/sealed\"", store)) == outcome)
  }

  @Test func credentialsOfAStoreAreOfOneKindAndWhole() throws {
    let kinds = [
      "\"tokenFile\": \"/t\"", "\"tokenFile\": \"/t\", \"role\": \"r\"",
      "\"tokenService\": \"https://sts.test\"",
      "\"credentialsFile\": \"/c\", \"tokenFile\": \"/t\", \"role\": \"r\", \"tokenService\": \"https://sts.test\"",
    ]
    for kind in kinds {
      let store = "\"store\": {\"location\": \"s3://bucket/model\", \(kind)}"
      #expect(try refusal(("\"directory\": \"/sealed\"", store)).hasPrefix("model.store: give credentialsFile, or"))
    }
  }

  @Test func comeWhatMayTheseVariablesNeverReachAnEngine() {
    let dangerous = [
      "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT",
      "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "BASH_ENV", "ENV", "IFS", "HTTP_PROXY", "HTTPS_PROXY",
      "https_proxy", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "OPENSSL_MODULES",
      "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "MALLOC_CHECK_", "GLIBC_TUNABLES", "GCONV_PATH", "CUDA_INJECTION64_PATH",
      "HOSTALIASES", "VOUCHSAFE_CONFIG", "a=b", "",
    ]
    let steering = [
      "VLLM_PLUGINS", "VLLM_USE_V1", "NCCL_NET_PLUGIN", "HF_ENDPOINT", "HF_TOKEN", "TORCH_LOGS", "CUDA_PATH",
    ]
    let own = Dictionary(uniqueKeysWithValues: (dangerous + steering + ["PATH", "LANG"]).map { ($0, "host") })
    let given = Dictionary(uniqueKeysWithValues: dangerous.map { ($0, "configuration") })
    let made = EngineEnvironment.make(own: own, passed: dangerous + steering + ["PATH"], given: given)
    #expect(made.keys.sorted() == ["HF_HUB_DISABLE_TELEMETRY", "HF_HUB_OFFLINE", "PATH", "TRANSFORMERS_OFFLINE"])
    #expect(EngineEnvironment.make(own: own, passed: [], given: ["VLLM_USE_V1": "1"])["VLLM_USE_V1"] == "1")
  }

  @Test func theModelStandsWhereItsPlaceIs() {
    #expect(
      EngineArguments.filled(["-m", "{model}/w.gguf", "x{model}y{model}"], model: "/m", socket: nil) == [
        "-m", "/m/w.gguf", "x/my/m",
      ])
    #expect(EngineArguments.firstRefused(in: ["model", "--port", "1", "trust-remote-code"]) == nil)
    #expect(EngineArguments.firstRefused(in: ["--port", "--Trust-Remote-Code"]) == "--Trust-Remote-Code")
  }

  private func adapters(_ items: String, engine: String = Self.vllm) throws -> String {
    let key = try FakeBroker.signer("provider", seed: 1).verifierKey.text
    let filled = items.split(separator: "KEY", omittingEmptySubsequences: false).joined(
      separator: "\"providerVerifierKey\": \"\(key)\"")
    return try refusal(
      ("\"engine\": {", "\"adapters\": [\(filled)], \"engine\": {\(engine)"),
      (", \"arguments\": [\"-m\", \"{model}\"]", ""))
  }

  private static let vllm = "\"profile\": \"vllm\", \"socket\": \"/run/e/e.sock\", "
  private static let llama = "\"profile\": \"llama.cpp\", \"modelFile\": \"m.gguf\", \"socket\": \"/run/e/e.sock\", "

  @Test func adaptersAreModelsWithNamesOfTheirOwn() throws {
    let one = "{\"as\": \"a\", \"resource\": \"models/a/key\", \"directory\": \"/a\", KEY}"
    let filed = "{\"as\": \"a\", \"resource\": \"models/a/key\", \"directory\": \"/a\", \"file\": \"a.gguf\", KEY}"
    #expect(try adapters(one) == "accepted")
    #expect(try adapters(filed, engine: Self.llama) == "accepted")
    #expect(try adapters("\(one), \(one)") == "adapters: a name comes twice")
    #expect(try adapters(filed).hasPrefix("adapters.file: vllm"))
    #expect(try adapters(one, engine: Self.llama).hasPrefix("adapters.file: the adapter's GGUF file"))
    #expect(try adapters(one, engine: "").hasPrefix("adapters: go with engine.profile"))
    #expect(try adapters("{}").contains("adapters[0].as"))
    for name in ["", "a=b", "../a", "a b", ".a", "-a", "a,b", "{model}", "\u{E4}"] {
      let named = one.split(separator: "\"as\": \"a\"").joined(separator: "\"as\": \"\(name)\"")
      #expect(try adapters(named) == "adapters.as: up to 64 letters, digits and . _ -", "\(name)")
    }
    for file in ["/a.gguf", "../a.gguf", "a,b.gguf", ""] {
      let other = filed.split(separator: "a.gguf").joined(separator: file)
      #expect(try adapters(other, engine: Self.llama).hasPrefix("adapters.file: the adapter's GGUF file"), "\(file)")
    }
  }
}
