import Bytes
import Cryptography
import LogStorage
import Platform
package import SignedNotes
package import TransparencyLog

/// A copy of a broker's state, as whoever made it signed it.
package struct BackupFolder {
  static let files = "files"
  static let manifestFile = "manifest.json"
  static let noteFile = "manifest.note"

  package let manifest: BackupManifest
  private let path: String
  private let folder: DurableDirectory

  /// - Throws: `.signature` before anything else is read; `.fileMissing` for a copy that was never finished.
  package init(_ path: String, key: NoteVerifierKey) throws(BackupError) {
    self.path = path
    let folder: DurableDirectory
    do throws(PlatformError) { folder = try DurableDirectory(path: path) } catch { throw .platform(path, error) }
    guard let note = try Self.read(folder, Self.noteFile, path) else { throw .fileMissing("\(path)/\(Self.noteFile)") }
    guard let bytes = try Self.read(folder, Self.manifestFile, path) else {
      throw .fileMissing("\(path)/\(Self.manifestFile)")
    }
    manifest = try BackupManifest.verify(bytes, note: note, by: key)
    self.folder = folder
  }

  private static func read(
    _ folder: DurableDirectory, _ name: String, _ path: String
  ) throws(BackupError) -> [UInt8]? {
    do throws(PlatformError) { return try folder.read(file: name) } catch { throw .platform("\(path)/\(name)", error) }
  }

  /// The file's bytes, which are those that were signed.
  private func bytes(of file: BackupManifest.File) throws(BackupError) -> [UInt8] {
    let name = "\(Self.files)/\(file.path)"
    guard let bytes = try Self.read(folder, name, path) else { throw .fileMissing("\(path)/\(name)") }
    guard bytes.count == file.byteCount, Hash.sha256.digest(bytes) == file.sha256 else {
      throw .fileAltered("\(path)/\(name)")
    }
    return bytes
  }

  private func bytes(of name: String) throws(BackupError) -> [UInt8] {
    guard let file = manifest.files.first(where: { $0.path == name }) else { throw .fileMissing("\(path)/\(name)") }
    return try bytes(of: file)
  }

  /// Reads every file and recomputes the log.
  /// - Parameters:
  ///   - known: later checkpoints, such as those that a witness holds: an older log is refused.
  ///   - progress: bytes read so far, and bytes in all.
  package func check(known: [Checkpoint] = [], progress: (Int, Int) -> Void = { _, _ in }) async throws {
    var done = 0
    let total = manifest.files.reduce(0) { $0 + $1.byteCount }
    for file in manifest.files {
      done += try bytes(of: file).count
      progress(done, total)
    }
    try await checkLog(in: "\(path)/\(Self.files)/\(StateFiles.log)", known)
  }

  /// Brings the state back: every file as it was signed, the log recomputed, and only then `instance.json`, without which the
  /// folder is no state.
  ///
  /// - Parameters:
  ///   - target: a folder that is not there yet.
  ///   - secrets: a folder with what no copy holds, by the names of the manifest's `apart`.
  /// - Returns: which of these are missing still; the broker does not start without them.
  package func restore(
    into target: String, secrets: String?, known: [Checkpoint] = [], progress: (Int, Int) -> Void = { _, _ in }
  ) async throws -> [String] {
    var copy = try CopyTarget(new: target)
    var done = 0
    let total = manifest.files.reduce(0) { $0 + $1.byteCount }
    for file in manifest.files where file.path != StateFiles.instance {
      try copy.write(try bytes(of: file), to: file.path)
      done += file.byteCount
      progress(done, total)
    }
    let missing = try restoreSecrets(secrets, &copy)
    try copy.finish()
    try await checkLog(in: "\(target)/\(StateFiles.log)", known)
    try copy.write(try bytes(of: StateFiles.instance), to: StateFiles.instance)
    try copy.finish()
    return missing
  }

  private func restoreSecrets(_ secrets: String?, _ copy: inout CopyTarget) throws(BackupError) -> [String] {
    var missing: [String] = []
    for name in manifest.apart {
      guard let secrets, SmallFile.exists("\(secrets)/\(name)") else {
        missing.append(name)
        continue
      }
      var bytes: [UInt8]
      do throws(PlatformError) { bytes = try SmallFile.read("\(secrets)/\(name)", limitBytes: 1 << 16) } catch {
        throw .platform("\(secrets)/\(name)", error)
      }
      defer { _ = SecretBytes(erasing: &bytes) }
      try copy.write(bytes, to: name)
    }
    return missing
  }

  /// The log is what its key signed, from its first entry to the last record of its write-ahead log.
  private func checkLog(in place: String, _ known: [Checkpoint]) async throws {
    let log = try StateLog(place, vkey: try bytes(of: StateFiles.logVkey))
    // Nobody writes to a copy.
    let snapshot = try log.snapshot(attempts: 1)
    guard snapshot.size == manifest.size, snapshot.published.size == manifest.published else {
      throw BackupError.audit("it has not the entries that the manifest says")
    }
    var source = CopiedLog(folder: log.folder)
    do { _ = try await Auditor(key: log.key, known: known, leaves: .opaque).audit(&source) } catch let failure
      as AuditFailure
    {
      throw BackupError.audit("\(failure)")
    }
  }
}

/// The published files of a copied log.
private struct CopiedLog: LogSource {
  let folder: DurableDirectory
  func file(at path: String) async throws -> [UInt8]? { try folder.read(file: path) }
}
