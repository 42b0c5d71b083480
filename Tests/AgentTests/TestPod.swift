import Bytes
import Cryptography
import Glibc
import KBSProtocol
import Platform
import SignedNotes
import Telemetry
import Testing
import Weights

@testable import Agent

/// Memory of a test, read like a file.
struct PlainBytes: StoredBytes {
  let bytes: [UInt8]
  var byteCount: Int { bytes.count }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws {
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }
}

/// A sealed model on disk, a configuration, and a record of what the agent said.
final class TestPod {
  static let key = (0..<32).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
  static let plain = Array("the weights of a model, which nobody outside may read".utf8)

  let folder: FileTree
  let path: String
  let lines = Locked<[String]>([])
  let providerKey: NoteVerifierKey

  init(signedBy seed: UInt8 = 1, trusting trusted: UInt8 = 1) throws {
    var template = Array("/dev/shm/vouchsafe-pod-XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    folder = try FileTree.open(path)
    providerKey = try FakeBroker.signer("provider", seed: trusted).verifierKey
    _ = try folder.createDirectory("memory")
    try seal(try FakeBroker.signer("provider", seed: seed))
  }

  deinit {
    try? FileTree.open("/dev/shm").remove(String(path.dropFirst("/dev/shm/".count)))
  }

  private struct Blob: BlobWriter {
    let tree: FileTree
    var bytes: [UInt8] = []
    mutating func append(_ more: RawSpan) throws { bytes += unsafe more.withUnsafeBytes { unsafe Array($0) } }
    mutating func finish(named name: String) throws { try TestPod.write(bytes, name, tree) }
  }

  private struct Blobs: BlobStore {
    let tree: FileTree
    func makeBlob() throws -> any BlobWriter { Blob(tree: tree) }
  }

  static func write(_ bytes: [UInt8], _ name: String, _ tree: FileTree) throws {
    try tree.createFile(name, byteCount: bytes.count).write(unsafe bytes.span.bytes, at: 0)
  }

  private func seal(_ signer: NoteSigner) throws {
    _ = try seal(
      ["notes/weights.dat": Self.plain, "config.json": Array("{}".utf8)], "demo", in: "sealed", key: Self.key,
      by: signer)
  }

  /// Seals files below the pod's folder.
  func seal(
    _ files: [String: [UInt8]], _ name: String, base: BaseModel? = nil, in place: String, key: [UInt8],
    by signer: NoteSigner
  ) throws -> Manifest {
    let tree = try folder.createDirectory(place)
    var key = key
    let sealer = Sealer(
      identity: try ModelIdentity(model: name, version: "1"), source: nil, base: base, allowCode: false,
      key: try ModelKey(SecretBytes(erasing: &key)), random: { SystemRandom.bytes($0) })
    let manifest = try sealer.seal(
      files.map { .init(path: $0.key, file: PlainBytes(bytes: $0.value)) },
      into: Blobs(tree: try tree.createDirectory("blobs")), width: 1)
    try Self.write(manifest.bytes, "manifest.json", tree)
    try Self.write(try SignedManifest.sign(manifest, by: signer), "manifest.note", tree)
    return manifest
  }

  /// The manifest of the pod's model.
  func manifest() throws -> Manifest {
    try Manifest(parsing: try folder.readFile("sealed/manifest.json", limitBytes: 1 << 20))
  }

  func configuration(
    source: Configuration.EvidenceChoice = .apiServerREST, logKey: NoteVerifierKey?
  ) throws -> Configuration {
    // Rooms have tests of their own: a machine that lets nobody build one still runs these.
    var room = EngineRoom()
    room.waived = Set(SealedRoom.Wall.allCases)
    return Configuration(
      broker: .init(
        url: "https://broker.test", caPEM: [], resource: try ResourcePath(FakeBroker.resource), logKey: logKey),
      evidence: .init(choice: source, configfsPath: "/nonexistent", guestComponentsURL: "http://127.0.0.1:8006"),
      model: .init(
        directory: "\(path)/sealed", providerKey: providerKey, name: nil, version: nil, verifiesDigests: true,
        threads: 2),
      destination: .init(tmpfs: "\(path)/memory", name: "model", acceptingSwap: true),
      engine: .init(
        command: "/bin/true", arguments: ["--model", "{model}"], environment: [:], passEnvironment: [], directory: nil,
        grace: .seconds(1), room: room),
      terminationLog: nil)
  }

  func agent(
    _ configuration: Configuration, _ broker: FakeBroker, _ guest: FakeGuest = FakeGuest()
  ) -> PodAgent {
    let clock = Locked<Int64>(0)
    let timeline = BootTimeline(
      now: {
        Timestamp(
          milliseconds: clock.withLock {
            $0 += 5
            return $0
          })
      }, write: { [lines] line in lines.withLock { $0.append(line) } })
    return PodAgent(
      configuration, timeline: timeline, environment: [:], broker: broker.exchange, guest: guest.exchange,
      pause: { _ in })
  }

  /// Opens the model, or gives the error after checking that nothing is left and no key was said.
  func open(_ agent: PodAgent) async throws(AgentError) -> String {
    do throws(AgentError) {
      let model = try await agent.openModel()
      expectNoKey()
      return model
    } catch {
      #expect(memory.isEmpty)
      expectNoKey()
      throw error
    }
  }

  /// What lies in the pod's memory, hidden or not.
  var memory: [String] { ((try? FileTree.open("\(path)/memory").entries()) ?? []).map(\.name) }

  private func expectNoKey() {
    let text = lines.withLock { $0.joined() }.lowercased()
    for form in [Hex.encode(Self.key), Base64.encode(Self.key).lowercased(), Base64.url(Self.key).lowercased()] {
      #expect(!text.contains(form))
    }
  }

  var stages: [String] {
    lines.withLock { $0 }.compactMap { line in
      guard let value = try? StrictJSON.parse(Array(line.utf8.dropLast())) else { return nil }
      return "\(value["stage"]?.stringValue ?? "?") \(value["reason"]?.stringValue ?? "?")"
    }
  }
}
