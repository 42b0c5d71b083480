package import Bytes
import Cryptography
package import SignedNotes

/// A witness: countersigns a log's checkpoints as long as each one continues the last, and never two histories of a size.
///
/// What it signs it has made durable before; what it holds is the newest checkpoint of each log and nothing else. Not
/// thread-safe: its owner gives every call its turn, which makes check and set one step. Spec: C2SP tlog-witness.
package struct Witness: Sendable {
  /// Why what the store holds cannot be gone on from.
  package enum StartFailure: Error, Equatable, Sendable {
    case unreadable(name: String)
    /// Not a checkpoint of that log under the log's key and the witness's own.
    case damaged(name: String)
    case duplicateLog(origin: String)
  }

  private let cosigner: NoteCosigner
  private let store: any WitnessStore
  /// By the origin's octets.
  private var logs: [[UInt8]: Log] = [:]
  private var isPoisoned = false

  private struct Log: Sendable {
    let key: NoteVerifierKey
    var held: (checkpoint: Checkpoint, note: [UInt8])?
  }

  /// Reads what the store holds of each log.
  /// - Parameter logs: the keys of the logs that are watched; a key's name is its log's origin.
  package init(cosigner: NoteCosigner, logs keys: [NoteVerifierKey], store: any WitnessStore) throws(StartFailure) {
    self.cosigner = cosigner
    self.store = store
    for key in keys {
      let origin = Array(key.name.utf8)
      guard logs[origin] == nil else { throw .duplicateLog(origin: key.name) }
      logs[origin] = Log(key: key, held: try Self.held(key, cosigner, store))
    }
  }

  private static func held(
    _ key: NoteVerifierKey, _ cosigner: NoteCosigner, _ store: any WitnessStore
  ) throws(StartFailure) -> (Checkpoint, [UInt8])? {
    let name = fileName(ofLog: key.name)
    let bytes: [UInt8]?
    do { bytes = try store.read(name) } catch { throw .unreadable(name: name) }
    guard let bytes else { return nil }
    do {
      let checkpoint = try VerifiedCheckpoint(verifying: bytes, by: key).checkpoint
      _ = try SignedNote(parsing: bytes).verified(by: [cosigner.verifierKey])
      return (checkpoint, bytes)
    } catch { throw .damaged(name: name) }
  }

  /// The lower-case SHA-256 of the log's origin: the name of its file, and the first part of its path.
  package static func fileName(ofLog origin: String) -> String { Hex.encode(Hash.sha256.digest(Array(origin.utf8))) }

  /// Judges a request and, when the checkpoint continues what is held, keeps it and signs it.
  ///
  /// - Returns: the cosignature's line. Its checkpoint is durable in the store by then.
  package mutating func add(_ body: [UInt8], at now: Timestamp) throws(WitnessRefusal) -> [UInt8] {
    let request: WitnessRequest
    let note: SignedNote
    let origin: [UInt8]
    do throws(LogError) {
      request = try WitnessRequest(parsing: body)
      note = try Self.note(request.checkpoint)
      origin = Array(try Checkpoint(parsing: note.text).origin.utf8)
    } catch { throw .malformed(error) }
    guard let log = logs[origin] else { throw .unknownLog }
    let shown: Checkpoint
    do throws(LogError) {
      shown = try VerifiedCheckpoint(verifying: request.checkpoint, by: log.key).checkpoint
    } catch { throw .untrusted(error) }
    try Self.check(shown, continues: log.held?.checkpoint, request)
    guard !isPoisoned else { throw .storeFailed }
    let cosignature = cosigner.cosign(note.text, at: now)
    let kept = try Self.kept(note, by: log.key, cosignature)
    do { try store.replace(Self.fileName(ofLog: log.key.name), with: kept) } catch {
      // Whether the store holds it now is unknown: signing anything more could be signing a second history.
      isPoisoned = true
      throw .storeFailed
    }
    logs[origin]?.held = (shown, kept)
    return Array(cosignature.line.utf8)
  }

  /// The newest checkpoint of the log whose origin hashes to `name`, with the log's signature and ours.
  package func checkpoint(named name: String) -> [UInt8]? {
    logs.values.first { Self.fileName(ofLog: $0.key.name) == name }?.held?.note
  }

  /// The logs that are watched, and the size held of each.
  package var sizes: [String: UInt64?] {
    Dictionary(uniqueKeysWithValues: logs.values.map { ($0.key.name, $0.held?.checkpoint.size) })
  }

  private static func note(_ bytes: [UInt8]) throws(LogError) -> SignedNote {
    do throws(NoteError) { return try SignedNote(parsing: bytes) } catch { throw .note(error) }
  }

  /// In the order of the specification: sizes first, then what the hashes say.
  private static func check(
    _ shown: Checkpoint, continues held: Checkpoint?, _ request: WitnessRequest
  ) throws(WitnessRefusal) {
    guard request.oldSize <= shown.size else { throw .oldBeyondNew }
    let heldSize = held?.size ?? 0
    guard request.oldSize == heldSize else { throw .stale(held: heldSize) }
    let proof = ConsistencyProof(oldSize: heldSize, newSize: shown.size, path: request.proof)
    do throws(LogError) {
      try proof.verify(oldRoot: held?.root ?? .emptyTree, newRoot: shown.root)
      if shown.size == 0, shown.root != .emptyTree { throw .proofInvalid }
    } catch { throw .inconsistent }
  }

  /// The note with the log's own signature and ours; whatever else stood under it is not kept.
  private static func kept(
    _ note: SignedNote, by key: NoteVerifierKey, _ cosignature: NoteSignature
  ) throws(WitnessRefusal) -> [UInt8] {
    do throws(NoteError) {
      var kept = try SignedNote.sign(note.text, by: [])
      for line in note.signatures where line.keyID == key.keyID && line.name.utf8.elementsEqual(key.name.utf8) {
        try kept.appendSignature(line)
      }
      try kept.appendSignature(cosignature)
      return kept.bytes
    } catch { throw .malformed(.note(error)) }
  }
}
