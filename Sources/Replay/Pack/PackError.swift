package import Bytes
package import TransparencyLog

/// Where in a pack something is wrong.
package struct PackPlace: Equatable, Sendable {
  package enum Section: Equatable, Sendable {
    case header
    case checkpoint
    /// Changes of the registry before the first entry.
    case context
    /// An entry, or a blob that it is the first to need.
    case entry(UInt64)
    case frontier
  }

  /// From 0 on.
  package let record: Int
  package let section: Section

  package init(_ record: Int, _ section: Section) {
    self.record = record
    self.section = section
  }
}

extension PackPlace: CustomStringConvertible {
  package var description: String {
    let what =
      switch section {
      case .header: "the header"
      case .checkpoint: "the checkpoints"
      case .context: "what comes before its first entry"
      case .entry(let index): "entry \(index) and what belongs to it"
      case .frontier: "the end"
      }
    return "record \(record) (\(what))"
  }
}

/// Why a pack is refused: the first thing that is wrong with it.
package enum PackError: Error, Equatable, Sendable {
  /// It does not begin as a pack does.
  case notAPack
  /// It ends in the middle of that record, or before it.
  case truncated(PackPlace)
  /// Bytes after its last record.
  case trailing
  /// The record, or its place after the one before it, was changed.
  case altered(PackPlace)
  case malformed(PackPlace, ParseError)
  /// A record of a kind that does not belong there.
  case outOfOrder(PackPlace)
  /// A blob that is there already, or whose digest does not rise.
  case repeated(PackPlace)
  /// A blob that no entry asked for where it stands.
  case unneeded(PackPlace)
  /// The entry needs a blob that is neither there nor said to be absent.
  case undeclared(entry: UInt64, digest: [UInt8])
  /// The checkpoint is malformed, or its signatures are not good enough.
  case checkpoint(PackPlace, LogError)
  /// The header speaks of another log, or of another size, than the checkpoint.
  case headerMismatch
  /// The inclusion proof of an entry before the first one does not lead to the signed root.
  case contextUnproved(PackPlace)
  case leaf(UInt64, ParseError)
  /// The entries do not give the signed root.
  case rootMismatch
  /// The end is not the tree that the entries give, or the beginning is none.
  case frontierMismatch(PackPlace)
  /// An earlier signed checkpoint is not a beginning of this log: its key signed two histories.
  case forked(at: UInt64)
  /// The checkpoint that the auditor holds is of another time than the pack speaks of.
  case notCovered(UInt64, from: UInt64, to: UInt64)
  /// While a pack is made: the store holds other bytes under that name.
  case blobAltered([UInt8])
  /// While a pack is made: more bytes than a record holds.
  case blobTooLong([UInt8])

  package var code: String {
    switch self {
    case .notAPack: "notAPack"
    case .truncated: "packTruncated"
    case .trailing: "packExtended"
    case .altered: "recordAltered"
    case .malformed: "recordMalformed"
    case .outOfOrder: "recordOutOfOrder"
    case .repeated: "recordRepeated"
    case .unneeded: "recordUnneeded"
    case .undeclared: "blobUndeclared"
    case .checkpoint(_, let error): error.code
    case .headerMismatch: "headerMismatch"
    case .contextUnproved: "proofInvalid"
    case .leaf: "leafMalformed"
    case .rootMismatch: "rootMismatch"
    case .frontierMismatch: "frontierMismatch"
    case .forked: "logForked"
    case .notCovered: "knownNotCovered"
    case .blobAltered: "blobAltered"
    case .blobTooLong: "blobTooLong"
    }
  }
}

extension PackError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAPack: "not a pack of vouchsafe audit pack"
    case .truncated(let place): "it ends in \(place)"
    case .trailing: "bytes follow its last record"
    case .altered(let place): "\(place) was changed"
    case .malformed(let place, let error): "\(place): \(error)"
    case .outOfOrder(let place): "\(place) does not belong there"
    case .repeated(let place): "\(place) repeats a blob, or stands in the wrong order"
    case .unneeded(let place): "\(place) holds a blob that nothing there needs"
    case .undeclared(let entry, let digest): "entry \(entry) needs the blob \(Hex.encode(digest)), which was taken out"
    case .checkpoint(let place, _): "\(place): the checkpoint does not verify"
    case .headerMismatch: "its header is not that of the log that its checkpoint speaks of"
    case .contextUnproved(let place): "\(place): the entry is not in the log"
    case .leaf(let index, let error): "entry \(index): \(error)"
    case .rootMismatch: "its entries do not give the signed root"
    case .frontierMismatch(let place): "\(place) is not the tree of its entries"
    case .forked(let size): "the log does not begin with the \(size) entries that its key signed before"
    case .notCovered(let size, let from, let to):
      "it has the entries from \(from) to \(to) of the log, and cannot tell whether it begins with the \(size) of --known"
    case .blobAltered(let digest): "the blob stored as \(Hex.encode(digest)) has other bytes"
    case .blobTooLong(let digest): "the blob \(Hex.encode(digest)) is too long for a pack"
    }
  }
}
