import Bytes
import LogStorage
import Platform
import SignedNotes
import TransparencyLog

/// The log in a broker's state, with the key that signs it.
struct StateLog {
  let folder: DurableDirectory
  let key: NoteVerifierKey

  /// - Parameter vkey: what the state's `log.vkey` holds: one line.
  /// - Throws: `.malformed`, `.platform`.
  init(_ path: String, vkey: [UInt8]) throws(BackupError) {
    let text = String(decoding: vkey.last == UInt8(ascii: "\n") ? vkey.dropLast() : vkey[...], as: UTF8.self)
    guard let key = try? NoteVerifierKey(vkey: text) else {
      throw .malformed(ParseError(StateFiles.logVkey, .unexpected))
    }
    self.key = key
    do throws(PlatformError) { folder = try DurableDirectory(path: path) } catch { throw .platform(path, error) }
  }

  /// - Throws: `.log`.
  func snapshot(attempts: Int = 100) throws(BackupError) -> LogSnapshot {
    do throws(LogError) { return try LogSnapshot.take(folder, key: key, attempts: attempts) } catch {
      throw .log(error)
    }
  }
}
