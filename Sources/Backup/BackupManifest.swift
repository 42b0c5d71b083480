package import Bytes
import Cryptography
package import SignedNotes

/// What a copy of a broker's state holds. Signed by whoever made it.
///
/// Canonical JSON: `{"schema":"vouchsafe/backup/v1","log","epoch","size","published","time","evidence":bool,"apart":[…],
/// "files":[{"path","size","sha256"}]}`. `apart` names what a restored broker needs and no copy holds: keys that stand in
/// plain text. The note's text is two lines, the schema and the SHA-256 of the manifest in hexadecimal.
package struct BackupManifest: Equatable, Sendable {
  package static let schema = "vouchsafe/backup/v1"
  package static let limitBytes = 1 << 30

  package struct File: Equatable, Sendable {
    /// Below the state's folder; no part of it is empty, `.` or `..`.
    package let path: String
    package let byteCount: Int
    package let sha256: [UInt8]

    package init(path: String, bytes: [UInt8]) {
      self.path = path
      byteCount = bytes.count
      sha256 = Hash.sha256.digest(bytes)
    }

    fileprivate init(parsing value: JSONValue) throws(ParseError) {
      var reader = try JSONReader(value, "files")
      path = try reader.string("path")
      byteCount = try reader.integer("size")
      sha256 = try reader.hex("sha256", count: 32)
      try reader.finish()
      guard BackupManifest.isPlain(path), byteCount >= 0 else { throw ParseError("files.path", .unexpected) }
    }
  }

  /// The log's name and epoch, as `init` chose them.
  package let log: String
  package let epoch: String
  /// Entries of the log, and how many of them stand in its tiles.
  package let size: UInt64
  package let published: UInt64
  package let time: Timestamp
  /// Whether what decisions were made from is there too.
  package let hasEvidence: Bool
  package let apart: [String]
  /// By rising path.
  package let files: [File]

  init(
    log: String, epoch: String, size: UInt64, published: UInt64, time: Timestamp, hasEvidence: Bool, apart: [String],
    files: [File]
  ) {
    self.log = log
    self.epoch = epoch
    self.size = size
    self.published = published
    self.time = time
    self.hasEvidence = hasEvidence
    self.apart = apart
    self.files = files.sorted { $0.path < $1.path }
  }

  package init(parsing bytes: [UInt8]) throws(ParseError) {
    let value = try StrictJSON.parse(bytes, limits: StrictJSON.Limits(depth: 4, tokens: 100_000_000))
    guard CanonicalJSON.encode(value) == bytes else { throw ParseError("manifest", .notCanonical) }
    var reader = try JSONReader(value, "")
    guard try reader.string("schema") == Self.schema else { throw ParseError("schema", .unexpected) }
    log = try reader.string("log")
    epoch = try reader.string("epoch")
    size = try reader.integer("size")
    published = try reader.integer("published")
    time = try reader.timestamp("time")
    hasEvidence = try reader.bool("evidence")
    apart = try reader.strings("apart")
    var files: [File] = []
    for item in try reader.array("files") { files.append(try File(parsing: item)) }
    try reader.finish()
    guard zip(files, files.dropFirst()).allSatisfy({ $0.path < $1.path }) else {
      throw ParseError("files.path", .duplicate)
    }
    guard apart.allSatisfy(Self.isPlain) else { throw ParseError("apart", .unexpected) }
    self.files = files
  }

  package var bytes: [UInt8] {
    let files = files.map { file -> JSONValue in
      ["path": .string(file.path), "size": .int(file.byteCount), "sha256": .string(Hex.encode(file.sha256))]
    }
    return CanonicalJSON.encode(
      .object([
        ("schema", .string(Self.schema)), ("log", .string(log)), ("epoch", .string(epoch)), ("size", .int(size)),
        ("published", .int(published)), ("time", .string(time.rfc3339)), ("evidence", .bool(hasEvidence)),
        ("apart", .strings(apart)), ("files", .array(files)),
      ]))
  }

  /// Printable ASCII below the folder, and nothing that leads out of it.
  static func isPlain(_ path: String) -> Bool {
    path.utf8.count <= 255 && path.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
  }

  package func signed(by signer: NoteSigner) throws(NoteError) -> [UInt8] {
    try SignedNote.sign(Self.text(bytes), by: [signer]).bytes
  }

  /// Reads a manifest that `key` signed; nothing of it is read before.
  package static func verify(
    _ bytes: [UInt8], note: [UInt8], by key: NoteVerifierKey
  ) throws(BackupError) -> BackupManifest {
    guard let signed = try? SignedNote(parsing: note), (try? signed.verified(by: [key])) != nil,
      signed.text == text(bytes)
    else { throw .signature }
    do throws(ParseError) { return try BackupManifest(parsing: bytes) } catch { throw .malformed(error) }
  }

  private static func text(_ manifest: [UInt8]) -> String {
    "\(schema)\n\(Hex.encode(Hash.sha256.digest(manifest)))\n"
  }
}
