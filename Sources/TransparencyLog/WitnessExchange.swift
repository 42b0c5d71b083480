import Bytes
import Cryptography
package import SignedNotes

/// The files of one folder through which a log that makes no connections and a relay that holds no keys speak of witnesses.
///
/// The log writes `ask`, a nonce on one line. For each witness the relay writes an answer, the nonce and what the witness
/// holds of the log now, and the newest checkpoint that the witness cosigned. Nothing in them is believed unsigned; the
/// nonce tells an answer of now from one that was put back with an old disk.
package enum WitnessExchange {
  package static let ask = "ask"
  /// The newest checkpoint is served under this path too, cosigned or not: it is what a relay shows to witnesses.
  package static let newestPath = "checkpoint.newest"
  package static let limitBytes = SignedNote.limitBytes + 128

  package static func checkpointFile(of key: NoteVerifierKey) -> String { "\(id(key)).checkpoint" }
  package static func answerFile(of key: NoteVerifierKey) -> String { "\(id(key)).answer" }

  /// Two checkpoints that do not connect, kept verbatim: the one that the witness holds, and the log's.
  package static func conflictFiles(of key: NoteVerifierKey) -> (witness: String, log: String) {
    ("\(id(key)).conflict-witness", "\(id(key)).conflict-log")
  }

  /// - Parameter held: the checkpoint that the witness holds, verbatim; `nil` when it says that it holds none.
  package static func answer(_ nonce: String, held: [UInt8]?) -> [UInt8] { Array("\(nonce)\n".utf8) + (held ?? []) }

  package enum Answer: Equatable, Sendable {
    case nothing
    /// A signed note, unverified.
    case held([UInt8])
  }

  /// `nil` for an answer to another question.
  package static func answer(parsing bytes: [UInt8], to nonce: String) -> Answer? {
    let first = Array("\(nonce)\n".utf8)
    guard bytes.count <= limitBytes, bytes.starts(with: first) else { return nil }
    return bytes.count == first.count ? .nothing : .held(Array(bytes.dropFirst(first.count)))
  }

  private static func id(_ key: NoteVerifierKey) -> String {
    Hex.encode(Hash.sha256.digest(Array(key.text.utf8)).prefix(8).map { $0 })
  }
}
