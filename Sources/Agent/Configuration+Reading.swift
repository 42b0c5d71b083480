import Bytes
import Cryptography
import KBSProtocol
import Platform
import SignedNotes

extension Configuration {
  package static let limitBytes = 1 << 20
  private static let keyFileLimitBytes = 1 << 16

  /// Reads the file and the certificates and verifier keys it names.
  /// - Parameter lastWords: told where they go, before anything else is made of the file.
  /// - Throws: `.configuration` with one sentence; nothing else.
  package static func read(
    _ path: String, lastWords: (String) -> Void = { _ in }
  ) throws(AgentError) -> Configuration {
    let bytes: [UInt8]
    do throws(PlatformError) {
      bytes = try SmallFile.read(path, limitBytes: limitBytes)
    } catch {
      throw .configuration("\(path): \(error)")
    }
    if let path = terminationLog(in: bytes) { lastWords(path) }
    return try Configuration(parsing: bytes)
  }

  /// - Parameter bytes: JSON, comments permitted.
  package init(parsing bytes: [UInt8]) throws(AgentError) {
    let document: JSONValue
    do throws(ParseError) {
      document = try StrictJSON.parse(bytes, comments: true)
    } catch {
      throw .configuration("\(error)")
    }
    var root = try ConfigurationReader(document, "")
    var evidence = try root.optionalSection("evidence")
    self.evidence = try Evidence(reading: &evidence)
    let withoutProof = try root.flag("acceptingKeyWithoutLogProof")
    broker = try Broker(reading: try root.section("broker"), withoutProof: withoutProof)
    model = try Model(reading: try root.section("model"))
    adapters = try Self.adapters(try root.sections("adapters"))
    destination = try Destination(reading: try root.section("destination"))
    engine = try Engine(reading: try root.section("engine"))
    terminationLog = try root.optionalString("terminationLog")
    try root.finish()
    try checkAdapters()
    if let socket = engine.socket, destination.hides(socket) {
      throw .configuration("engine.socket: lies in destination.tmpfs, which mount own hides from all others")
    }
    if self.evidence.choice == .confidentialDataHub && !withoutProof {
      throw .configuration(
        "evidence.source cdh brings no proof of logging: set acceptingKeyWithoutLogProof, or choose another source")
    }
  }

  /// A text given in place (`key`) or in a file (`keyFile`): exactly one of the two.
  static func text(_ key: String, in reader: inout ConfigurationReader) throws(AgentError) -> [UInt8]? {
    let inline = try reader.optionalString(key)
    let path = try reader.optionalString(key + "File")
    switch (inline, path) {
    case (let text?, nil): return Array(text.utf8)
    case (nil, let path?):
      do throws(PlatformError) {
        return try SmallFile.read(path, limitBytes: keyFileLimitBytes)
      } catch {
        throw .configuration("\(reader.name(key))File: \(error)")
      }
    case (nil, nil): return nil
    case (.some, .some): throw .configuration("\(reader.name(key)) and \(reader.name(key))File: give one")
    }
  }

  static func resource(_ path: String, _ name: String) throws(AgentError) -> ResourcePath {
    do throws(KBSProtocolError) {
      return try path.hasPrefix("kbs://") ? ResourcePath(uri: path) : ResourcePath(path)
    } catch {
      throw .configuration("\(name): repository/type/tag, such as models/NAME/key")
    }
  }

  static func verifierKey(
    _ key: String, in reader: inout ConfigurationReader
  ) throws(AgentError) -> NoteVerifierKey? {
    guard var bytes = try text(key, in: &reader) else { return nil }
    if bytes.last == 0x0A { bytes.removeLast() }
    do throws(NoteError) {
      let key = try NoteVerifierKey(vkey: String(decoding: bytes, as: UTF8.self))
      guard key.algorithm == .ed25519 else { throw NoteError.unsupportedKeyType }
      return key
    } catch {
      throw .configuration("\(reader.name(key)): not a verifier key (\(error.code))")
    }
  }
}

extension Configuration.Broker {
  fileprivate init(reading section: ConfigurationReader, withoutProof: Bool) throws(AgentError) {
    var reader = section
    url = try Self.checkedURL(try reader.string("url"))
    resource = try Configuration.resource(try reader.string("resource"), "broker.resource")
    let caPEM = try Configuration.text("ca", in: &reader)
    logKey = try Configuration.verifierKey("logVerifierKey", in: &reader)
    try reader.finish()
    guard let caPEM else { throw .configuration("broker.caFile: missing; the broker's certificate must be known") }
    self.caPEM = caPEM
    guard logKey != nil || withoutProof else {
      throw .configuration("broker.logVerifierKeyFile: missing; without it no release can be shown to be logged")
    }
  }

  private static func checkedURL(_ text: String) throws(AgentError) -> String {
    var url = text
    while url.hasSuffix("/") { url.removeLast() }
    let host = url.dropFirst("https://".count)
    guard url.hasPrefix("https://"), !host.isEmpty, host.utf8.allSatisfy(isHostCharacter) else {
      throw .configuration("broker.url: https://HOST or https://HOST:PORT")
    }
    return url
  }

  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: ".-:[]".utf8.contains(byte)
    }
  }
}

extension Configuration.Evidence {
  fileprivate init(reading section: inout ConfigurationReader?) throws(AgentError) {
    let source = try section?.optionalString("source") ?? Configuration.EvidenceChoice.auto.rawValue
    guard let choice = Configuration.EvidenceChoice(rawValue: source) else {
      let names = Configuration.EvidenceChoice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .configuration("evidence.source: one of \(names)")
    }
    self.choice = choice
    configfsPath = try section?.optionalString("configfsPath") ?? Self.standard.configfsPath
    eventLog = GuestEventLog(
      firmware: try section?.optionalString("firmwareEventLog") ?? GuestEventLog.kernelPath,
      agent: try section?.optionalString("agentEventLog") ?? GuestEventLog.agentPath)
    guestComponentsURL = try section?.optionalString("apiServerRest") ?? Self.standard.guestComponentsURL
    gpus = try Self.gpus(&section)
    gpuLibrary = try section?.optionalString("gpuLibrary") ?? NVML.libraryName
    acceptingReadyGPUs = try section?.flag("acceptingReadyGPUs") ?? false
    try section?.finish()
    guard GuestComponents.isLoopback(guestComponentsURL) else {
      throw .configuration("evidence.apiServerRest: http://127.0.0.1:PORT; keys must not cross a network in clear")
    }
  }

  private static func gpus(
    _ section: inout ConfigurationReader?
  ) throws(AgentError) -> Configuration.GPUChoice {
    guard let text = try section?.optionalString("gpus") else { return .auto }
    guard let choice = Configuration.GPUChoice(rawValue: text) else {
      let names = Configuration.GPUChoice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .configuration("evidence.gpus: one of \(names)")
    }
    return choice
  }
}

extension Configuration.Model {
  init(reading section: ConfigurationReader) throws(AgentError) {
    var reader = section
    let place = try reader.optionalString("directory")
    store = try reader.optionalSection("store").map { section throws(AgentError) in
      try Configuration.Store(reading: section)
    }
    guard (place == nil) != (store == nil) else {
      throw .configuration("model: give directory or store, one of them")
    }
    directory = place ?? ""
    let key = try Configuration.verifierKey("providerVerifierKey", in: &reader)
    name = try reader.optionalString("name")
    version = try reader.optionalString("version")
    publisher = try reader.optionalSection("publisher").map { section throws(AgentError) in
      try Configuration.Publisher(reading: section)
    }
    // What was signed are bytes; that the manifest names their digests is only its provider's word.
    verifiesDigests = try reader.flag("verifyDigests") || publisher != nil
    threads = try reader.integer("threads", in: 1...64, otherwise: 2)
    try reader.finish()
    guard let key else { throw .configuration("model.providerVerifierKeyFile: missing; it says whose model this is") }
    providerKey = key
  }
}

extension Configuration.Destination {
  /// Whether a place is out of sight of whoever does not share the agent's mounts.
  fileprivate func hides(_ path: String) -> Bool {
    let folder = tmpfs.split(separator: "/")
    return mount == .own && path.split(separator: "/").starts(with: folder)
  }

  fileprivate init(reading section: ConfigurationReader) throws(AgentError) {
    var reader = section
    tmpfs = try reader.string("tmpfs")
    name = try reader.optionalString("name") ?? "model"
    acceptingSwap = try reader.flag("acceptingSwap")
    let kind = try reader.optionalString("mount") ?? Configuration.Mount.given.rawValue
    guard let mount = Configuration.Mount(rawValue: kind) else {
      throw .configuration("destination.mount: given or own")
    }
    self.mount = mount
    try reader.finish()
    guard !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 128, !name.utf8.contains(UInt8(ascii: "/")),
      !name.utf8.contains(0)
    else { throw .configuration("destination.name: one plain file name") }
  }
}
