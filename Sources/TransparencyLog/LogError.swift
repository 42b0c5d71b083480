package import Bytes
package import SignedNotes

/// Why the log refused: what was asked of it, what it read, or what the disk said.
package enum LogError: Error, Equatable, Sendable {
  case malformed(ParseError)
  case note(NoteError)
  /// A valid signature, but over another log's text.
  case originMismatch
  /// The hashes do not lead from the entry to the signed root.
  case proofInvalid
  /// An index or size beyond the tree.
  case outOfRange
  case entryTooLong
  /// The disk failed; the log accepts nothing more in this process.
  case storage(DurableFailure)
  /// An earlier write failed. Only a new process may go on, after recovery.
  case poisoned
  /// What stands on the disk is not one unbroken history: starting would hide a loss.
  case damaged(LogDamage)

  /// Stable, free of peer input.
  package var code: String {
    switch self {
    case .malformed: "logMalformed"
    case .note(let error): error.code
    case .originMismatch: "originMismatch"
    case .proofInvalid: "proofInvalid"
    case .outOfRange: "outOfRange"
    case .entryTooLong: "entryTooLong"
    case .storage: "logStorageFailed"
    case .poisoned: "logPoisoned"
    case .damaged(let damage): damage.code
    }
  }
}

/// What recovery found wrong. Every case is a refusal to start; none is repaired silently.
package enum LogDamage: Error, Equatable, Sendable {
  /// Neither a log nor the permission to begin one.
  case absent
  case walMissing
  /// A log was begun, of which neither a checkpoint nor an entry is left.
  case checkpointMissing
  /// A record of the write-ahead log is damaged and no torn last write explains it.
  case walRecord(offset: Int)
  /// The write-ahead log is longer than this log ever writes.
  case walTooLong(bytes: Int)
  /// The write-ahead log goes on at another index than the tree ends.
  case gap(expected: UInt64, found: UInt64)
  /// The write-ahead log and the tiles hold different entries under one index.
  case entryDisagrees(index: UInt64)
  /// A record's signed checkpoint is not ours or not of the tree that the entries make.
  case walCheckpoint(size: UInt64)
  case checkpoint
  case tileMissing(TilePath)
  case tile(TilePath)
  /// The tiles at the right edge do not give the root of the published checkpoint.
  case rightEdge
  /// A witness has seen more of the log, or another log, than stands here: an old state was put back.
  case rolledBack(witnessed: UInt64)

  package var code: String {
    switch self {
    case .absent: "logAbsent"
    case .walMissing: "walMissing"
    case .checkpointMissing: "checkpointMissing"
    case .walRecord: "walDamaged"
    case .walTooLong: "walTooLong"
    case .gap: "walGap"
    case .entryDisagrees: "entryDisagrees"
    case .walCheckpoint: "walCheckpointInvalid"
    case .checkpoint: "checkpointInvalid"
    case .tileMissing: "tileMissing"
    case .tile: "tileDamaged"
    case .rightEdge: "rightEdgeDamaged"
    case .rolledBack: "logRolledBack"
    }
  }
}

extension LogDamage: CustomStringConvertible {
  /// What is wrong and what to do, for the operator who sees the start refused.
  package var description: String {
    let what =
      switch self {
      case .absent: "there is no log here"
      case .walMissing: "the file wal is missing although a checkpoint was published"
      case .checkpointMissing: "the file checkpoint is missing and the file wal is empty although this log was begun"
      case .walRecord(let offset): "the file wal is damaged at byte \(offset)"
      case .walTooLong(let bytes): "the file wal has \(bytes) bytes, more than this log ever writes"
      case .gap(let expected, let found): "the file wal goes on at entry \(found) but the tree ends before \(expected)"
      case .entryDisagrees(let index): "wal and tiles hold different entries at index \(index)"
      case .walCheckpoint(let size): "the signed checkpoint of size \(size) in wal does not fit its entries or this key"
      case .checkpoint: "the file checkpoint does not verify under this log's key"
      case .tileMissing(let path): "\(path.path) is missing"
      case .tile(let path): "\(path.path) is damaged"
      case .rightEdge: "the tiles do not give the root of the published checkpoint"
      case .rolledBack(let size): "a witness has seen this log at size \(size), which this state does not reach"
      }
    return what + "; restore the log's directory from its latest intact copy, nothing was changed"
  }
}
