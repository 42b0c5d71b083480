import Bytes
import Cryptography
import Synchronization
import Testing

@testable import Weights

struct MemoryFailure: Error, Equatable {}

/// Bytes of a test, perhaps failing to be read.
struct MemoryBytes: StoredBytes {
  var bytes: [UInt8]
  var isBroken = false
  var byteCount: Int { bytes.count }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws {
    guard !isBroken, offset + buffer.byteCount <= bytes.count else { throw MemoryFailure() }
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }
}

/// A destination that remembers whether it ever showed anything.
final class MemoryDestination: Destination, Sendable {
  struct State {
    var files: [String: [UInt8]] = [:]
    var isPublished = false
    var isDiscarded = false
    var failsToPublish = false
  }
  let state = Mutex(State())

  struct File: DestinationFile {
    let owner: MemoryDestination
    let path: String
    let byteCount: Int

    func write(_ bytes: RawSpan, at offset: Int) throws {
      let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
      owner.state.withLock { $0.files[path]?.replaceSubrange(offset..<offset + copy.count, with: copy) }
    }

    func read(at offset: Int, into buffer: inout MutableRawSpan) throws {
      let bytes = owner.state.withLock { $0.files[path] ?? [] }
      try MemoryBytes(bytes: bytes).read(at: offset, into: &buffer)
    }
  }

  func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile {
    state.withLock { $0.files[path] = [UInt8](repeating: 0xEE, count: byteCount) }
    return File(owner: self, path: path, byteCount: byteCount)
  }

  func publish() throws {
    try state.withLock {
      guard !$0.failsToPublish else { throw MemoryFailure() }
      $0.isPublished = true
    }
  }

  func discard() {
    state.withLock {
      $0.isDiscarded = true
      $0.files = [:]
    }
  }

  /// The published files; `nil` when nothing was ever visible.
  var published: [String: [UInt8]]? { state.withLock { $0.isPublished ? $0.files : nil } }
  var isDiscarded: Bool { state.withLock { $0.isDiscarded } }
}

/// Blobs of a test, by name.
final class MemoryBlobs: BlobStore, CiphertextSource, Sendable {
  let blobs = Mutex<[String: [UInt8]]>([:])

  struct Writer: BlobWriter {
    let owner: MemoryBlobs
    var bytes: [UInt8] = []

    mutating func append(_ more: RawSpan) throws { bytes += unsafe more.withUnsafeBytes { unsafe Array($0) } }
    mutating func finish(named name: String) throws {
      let finished = bytes
      owner.blobs.withLock { $0[name] = finished }
    }
  }

  func makeBlob() throws -> any BlobWriter { Writer(owner: self) }

  func blob(named name: String) throws -> any StoredBytes {
    guard let bytes = blobs.withLock({ $0[name] }) else { throw MemoryFailure() }
    return MemoryBytes(bytes: bytes)
  }

  subscript(_ name: String) -> [UInt8] {
    get { blobs.withLock { $0[name] ?? [] } }
    set { blobs.withLock { $0[name] = newValue } }
  }
}

/// A sealed model of a test and everything needed to open it.
struct SealedModel {
  let blobs = MemoryBlobs()
  let manifest: Manifest
  let keyBytes: [UInt8]

  init(
    _ files: [String: [UInt8]], model: String = "demo", version: String = "1", keyByte: UInt8 = 7,
    allowCode: Bool = false,
    width: Int = 2
  ) throws {
    keyBytes = [UInt8](repeating: keyByte, count: 32)
    let sealer = Sealer(
      identity: try ModelIdentity(model: model, version: version), source: nil, allowCode: allowCode,
      key: try Self.key(keyBytes), random: { SystemRandom.bytes($0) })
    let inputs = files.sorted { $0.key < $1.key }.map { Sealer.Input(path: $0.key, file: MemoryBytes(bytes: $0.value)) }
    manifest = try sealer.seal(inputs, into: blobs, width: width)
  }

  static func key(_ bytes: [UInt8]) throws -> ModelKey {
    var copy = bytes
    return try ModelKey(SecretBytes(erasing: &copy))
  }

  func key() throws -> ModelKey { try Self.key(keyBytes) }

  func name(of path: String) -> String { manifest.files.first { $0.path == path }?.blob ?? "" }

  /// Opens what is there now. - Returns: what became visible.
  func open(
    _ destination: MemoryDestination = MemoryDestination(), manifest other: Manifest? = nil,
    checking: Opener.Checking = .segments, width: Int = 2
  ) throws -> [String: [UInt8]] {
    let opener = try Opener(other ?? manifest, key: try key(), width: width, checking: checking)
    try opener.open(from: blobs, into: destination)
    return try #require(destination.published)
  }

  /// The error of opening, after checking that nothing became visible.
  func refusal(manifest other: Manifest? = nil, checking: Opener.Checking = .segments) -> WeightsError? {
    let destination = MemoryDestination()
    do {
      _ = try open(destination, manifest: other, checking: checking)
      return nil
    } catch {
      #expect(destination.published == nil)
      #expect(destination.isDiscarded)
      #expect(destination.state.withLock { $0.files.isEmpty })
      return error as? WeightsError
    }
  }
}

/// Bytes without a pattern, the same each time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + 8)
  while bytes.count < count {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: state >> shift)) }
  }
  return Array(bytes[..<count])
}

final class Counter: Sendable {
  private let value = Atomic(0)
  func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }
  var total: Int { value.load(ordering: .relaxed) }
}
