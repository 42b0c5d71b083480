import Bytes
import Cryptography
import Platform
import Weights

/// What an unfinished `model seal` has done: a small file for each that is sealed, named as its blob, in a folder beside the
/// blobs, which goes before the model gets its name.
///
/// Shape: 64 hexadecimal digits, a space, canonical JSON. The digits are an HMAC-SHA-256 that only the holder of the
/// model's key can make, over the identity of the model and the JSON: nobody else can have an older or another file
/// taken for a sealed one.
struct SealJournal: Sendable {
  static let folderName = "finished"
  private static let limitBytes = 1 << 14

  private let folder: FileTree
  private let key: ModelKey
  private let identity: ModelIdentity

  init(in staging: FileTree, key: ModelKey, identity: ModelIdentity) throws(PlatformError) {
    folder =
      staging.contains(Self.folderName)
      ? try staging.subtree(Self.folderName) : try staging.createDirectory(Self.folderName)
    self.key = key
    self.identity = identity
  }

  /// Takes down that a file is sealed, durably.
  func add(_ file: Manifest.File, _ source: FileIdentity) throws(PlatformError) {
    let record = CanonicalJSON.encode([
      "path": .string(file.path), "size": .int(file.size), "sha256": .string(Hex.encode(file.sha256)),
      "ciphertextSha256": .string(file.blob), "source": .string(source.description),
    ])
    let bytes = Array("\(Hex.encode(mac(record))) ".utf8) + record
    let made = try folder.createFile(file.blob, byteCount: bytes.count)
    try made.write(unsafe bytes.span.bytes, at: 0)
    try made.synchronize()
  }

  /// The files that are sealed, are in `blobs` at their full length, and have not changed since.
  func finished(_ inputs: [Sealer.Input], in blobs: FileTree) throws(PlatformError) -> [Manifest.File] {
    let wanted = Dictionary(inputs.map { (Array($0.path.utf8), $0.file) }) { first, _ in first }
    return try folder.entries().compactMap { entry in
      guard entry.kind == .file, let (file, source) = read(entry.name),
        let input = wanted[Array(file.path.utf8)] as? RegularFile, input.byteCount == file.size,
        (try? input.identity().description) == source,
        (try? blobs.openFile(file.blob).byteCount) == file.layout.ciphertextSize
      else { return nil }
      return file
    }
  }

  private func read(_ name: String) -> (file: Manifest.File, source: String)? {
    guard let bytes = try? folder.readFile(name, limitBytes: Self.limitBytes), bytes.count > 65, bytes[64] == 0x20,
      let tag = try? Hex.decode(String(decoding: bytes[..<64], as: UTF8.self), "tag"),
      constantTimeEquals(tag, mac(Array(bytes[65...]))),
      let document = try? StrictJSON.parse(bytes[65...]), var reader = try? JSONReader(document, "finished"),
      let path = try? reader.string("path"), let size = try? reader.integer("size", as: Int.self),
      (0...StreamLayout.plaintextLimit).contains(size),
      let digest = try? reader.hex("sha256", count: 32), let sealed = try? reader.hex("ciphertextSha256", count: 32),
      let source = try? reader.string("source"), Hex.encode(sealed) == name
    else { return nil }
    let file = Manifest.File(
      path: path, size: size, role: FileRole(path: path), sha256: digest, ciphertextSHA256: sealed)
    return (file, source)
  }

  private func mac(_ record: [UInt8]) -> [UInt8] {
    var message = ByteWriter()
    for field in ["vouchsafe/seal-journal/v1", identity.model, identity.version] { message.lengthPrefixed(field) }
    return Hash.sha256.hmac(key: key.journalKey(for: identity), message.bytes + record)
  }
}
