package import Bytes
import Cryptography
import LogStorage
import Platform
package import SignedNotes
import TransparencyLog

/// Copies a broker's state, also while the broker works on it.
///
/// Shape: `files/` with the state's files, `manifest.json`, and `manifest.note`, which comes last: without it there is no copy.
/// What every entry of the copied log names is in the copy too, because it was durable before the entry was.
package struct BackupTaker {
  private let state: String
  private let includesEvidence: Bool
  private let source: DurableDirectory
  private let tree: FileTree

  /// - Parameter state: the broker's folder.
  package init(state: String, includesEvidence: Bool) throws(BackupError) {
    self.state = state
    self.includesEvidence = includesEvidence
    do throws(PlatformError) {
      source = try DurableDirectory(path: state)
      tree = try FileTree.open(state)
    } catch { throw .platform(state, error) }
  }

  /// - Parameters:
  ///   - target: a folder that is not there yet.
  ///   - progress: bytes copied so far, and bytes in all.
  package func take(
    into target: String, signer: NoteSigner, at now: Timestamp,
    progress: @escaping (Int, Int) -> Void = { _, _ in }
  ) throws(BackupError) -> BackupManifest {
    let instance = try needed(StateFiles.instance)
    let (name, epoch): (String, String)
    do throws(ParseError) { (name, epoch) = try StateFiles.instance(parsing: instance) } catch {
      throw .malformed(error)
    }
    var copy = Copy(target: try CopyTarget(new: target), progress: progress)
    // The log first: what it names was there before.
    let snapshot = try StateLog("\(state)/\(StateFiles.log)", vkey: try needed(StateFiles.logVkey)).snapshot()
    for (path, bytes) in edge(of: snapshot) { try copy.put(path, bytes) }
    let paths =
      try fullPaths(of: snapshot) + blobs(StateFiles.registry)
      + (includesEvidence ? blobs(StateFiles.evidence) : [])
    copy.total = paths.reduce(0) { $0 + Int(tree.fileState($1)?.byteCount ?? 0) }
    for path in paths { try copy.put(path, try checked(path)) }
    for path in StateFiles.needed { try copy.put(path, try needed(path)) }
    for path in StateFiles.optional { if let bytes = try read(path) { try copy.put(path, bytes) } }
    let manifest = BackupManifest(
      log: name, epoch: epoch, size: snapshot.size, published: snapshot.published.size, time: now,
      hasEvidence: includesEvidence, apart: StateFiles.secret.filter { SmallFile.exists("\(state)/\($0)") },
      files: copy.files)
    try copy.finish(manifest, signer)
    return manifest
  }

  private func edge(of snapshot: LogSnapshot) -> [(String, [UInt8])] {
    let own = [
      (LogSnapshot.checkpointPath, snapshot.published.bytes), (LogSnapshot.writeAheadPath, snapshot.writeAhead),
    ]
    return (own + snapshot.edge.map { ($0.path, $0.bytes) }).map { ("\(StateFiles.log)/\($0.0)", $0.1) }
  }

  private func fullPaths(of snapshot: LogSnapshot) -> [String] {
    var paths: [String] = []
    snapshot.forEachFullPath { paths.append("\(StateFiles.log)/\($0)") }
    return paths
  }

  /// The names of a content-addressed folder, by rising digest; none where the folder is not there.
  private func blobs(_ folder: String) throws(BackupError) -> [String] {
    guard SmallFile.exists("\(state)/\(folder)") else { return [] }
    var paths: [String] = []
    do throws(PlatformError) {
      for first in try FileTree.open("\(state)/\(folder)").entries() where first.kind == .directory {
        for blob in try FileTree.open("\(state)/\(folder)/\(first.name)").entries() where Self.isDigest(blob.name) {
          paths.append("\(folder)/\(first.name)/\(blob.name)")
        }
      }
    } catch { throw .platform("\(state)/\(folder)", error) }
    return paths.sorted()
  }

  private static func isDigest(_ name: String) -> Bool {
    name.utf8.count == 64 && (try? Hex.decode(name, "blob")) != nil
  }

  /// A tile as it is, a blob if it has the digest of its name.
  private func checked(_ path: String) throws(BackupError) -> [UInt8] {
    guard let bytes = try read(path) else { throw .fileMissing("\(state)/\(path)") }
    guard let name = path.split(separator: "/").last.map(String.init), Self.isDigest(name) else { return bytes }
    guard Hex.encode(Hash.sha256.digest(bytes)) == name else { throw .blobAltered("\(state)/\(path)") }
    return bytes
  }

  private func needed(_ path: String) throws(BackupError) -> [UInt8] {
    guard let bytes = try read(path) else { throw .notAState(missing: "\(state)/\(path)") }
    return bytes
  }

  private func read(_ path: String) throws(BackupError) -> [UInt8]? {
    do throws(PlatformError) { return try source.read(file: path) } catch { throw .platform("\(state)/\(path)", error) }
  }
}

/// A copy that is being made.
private struct Copy {
  var target: CopyTarget
  let progress: (Int, Int) -> Void
  var total = 0
  private(set) var files: [BackupManifest.File] = []
  private var done = 0

  init(target: CopyTarget, progress: @escaping (Int, Int) -> Void) {
    self.target = target
    self.progress = progress
  }

  mutating func put(_ path: String, _ bytes: [UInt8]) throws(BackupError) {
    try target.write(bytes, to: "\(BackupFolder.files)/\(path)")
    files.append(BackupManifest.File(path: path, bytes: bytes))
    done += bytes.count
    progress(done, total)
  }

  mutating func finish(_ manifest: BackupManifest, _ signer: NoteSigner) throws(BackupError) {
    let note: [UInt8]
    do throws(NoteError) { note = try manifest.signed(by: signer) } catch { throw .signature }
    try target.write(manifest.bytes, to: BackupFolder.manifestFile)
    try target.finish()
    try target.write(note, to: BackupFolder.noteFile)
    try target.finish()
  }
}
