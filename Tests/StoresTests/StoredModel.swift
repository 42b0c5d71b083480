import Bytes
import Cryptography
import Glibc
import Platform
import SignedNotes
import Testing
import Weights

@testable import Stores

/// A sealed model in a directory of a test, removed at its end.
final class StoredModel: Sendable {
  let path: String
  let files: [String: [UInt8]]
  let manifest: Manifest
  private let parent: String

  /// - Parameter parent: where to make the directory, which decides the file system.
  init(_ files: [String: [UInt8]], in parent: String = "/dev/shm") throws {
    var template = Array("\(parent)/vouchsafe-store-XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    self.parent = parent
    self.files = files
    let tree = try FileTree.open(path)
    let sealer = Sealer(
      identity: try ModelIdentity(model: "m", version: "1"), source: nil, allowCode: false, key: try Self.key(),
      random: { SystemRandom.bytes($0) })
    let inputs = files.map { Sealer.Input(path: $0.key, file: Plain(bytes: $0.value)) }
    manifest = try sealer.seal(inputs, into: Blobs(tree: try tree.createDirectory("blobs")), width: 2)
    try Self.write(manifest.bytes, "manifest.json", tree)
    let signer = try NoteSigner(name: "provider", key: .random())
    try Self.write(try SignedManifest.sign(manifest, by: signer), "manifest.note", tree)
  }

  deinit { try? FileTree.open(parent).remove(String(path.dropFirst(parent.utf8.count + 1))) }

  static func key() throws -> ModelKey {
    var bytes = [UInt8](repeating: 9, count: 32)
    return try ModelKey(SecretBytes(erasing: &bytes))
  }

  func blob(of file: String) -> String { manifest.files.first { $0.path == file }?.blob ?? "" }

  /// Opens what `store` gives into a volume of its own and reads it back.
  func opened(from store: any SealedStore, width: Int = 2) throws -> [String: [UInt8]] {
    let volume = try makeVolume()
    try Opener(manifest, key: try Self.key(), width: width).open(from: store, into: volume)
    defer { volume.discard() }
    let tree = try FileTree.open(volume.publishedPath)
    return try files.keys.reduce(into: [:]) { $0[$1] = try tree.readFile($1, limitBytes: 1 << 30) }
  }

  func makeVolume() throws -> MemoryVolume {
    MemoryVolume(
      try TmpfsVolume(
        directory: path, name: "plain", neededBytes: 1, acceptingSwap: true,
        token: "t\(UInt32.random(in: 0...UInt32.max))"))
  }

  static func write(_ bytes: [UInt8], _ name: String, _ tree: FileTree) throws {
    try tree.createFile(name, byteCount: bytes.count).write(unsafe bytes.span.bytes, at: 0)
  }

  private struct Plain: StoredBytes {
    let bytes: [UInt8]
    var byteCount: Int { bytes.count }
    func read(at offset: Int, into buffer: inout MutableRawSpan) {
      buffer.copy(unsafe bytes[offset..<offset + buffer.byteCount].span.bytes)
    }
  }

  private struct Blob: BlobWriter {
    let tree: FileTree
    var bytes: [UInt8] = []
    mutating func append(_ more: RawSpan) { bytes += unsafe more.withUnsafeBytes { unsafe Array($0) } }
    func finish(named name: String) throws { try StoredModel.write(bytes, name, tree) }
  }

  private struct Blobs: BlobStore {
    let tree: FileTree
    func makeBlob() -> any BlobWriter { Blob(tree: tree) }
  }
}
