import Bytes
import Fetch
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// The relay's side of one witness: what it holds as far as is known, and what it signed last.
actor WitnessLink {
  enum Outcome: Equatable { case signed, unavailable, conflict }

  /// An unchanged checkpoint is shown again after this, so that the age of its cosignature says whether the witness lives.
  private static let refresh = Duration.seconds(60)

  nonisolated let member: QuorumPolicy.Member
  private let base: String
  private let key: NoteVerifierKey
  private let folder: AuditFolder
  private let client: FetchClient
  private var held: UInt64 = 0
  private var signed: (checkpoint: Checkpoint, at: Timestamp)?
  private var answered: String?
  private var lastNote: String?

  init(member: QuorumPolicy.Member, base: String, key: NoteVerifierKey, folder: AuditFolder, client: FetchClient) {
    self.member = member
    self.base = base
    self.key = key
    self.folder = folder
    self.client = client
  }

  /// Leaves the answer to a question in the folder; none when the witness cannot be reached.
  func answer(_ nonce: String) async {
    guard answered != nonce else { return }
    do {
      let note = try await heldNote()
      try folder.place(WitnessExchange.answer(nonce, held: note), at: WitnessExchange.answerFile(of: member.key))
      answered = nonce
    } catch { say("cannot say what it holds (\(Self.code(error)))") }
  }

  /// Shows the checkpoint, with the proof from what the witness holds; once more when that was not known.
  func submit(_ newest: VerifiedCheckpoint, _ source: AuditSource) async -> Outcome {
    if let signed, signed.checkpoint == newest.checkpoint, Timestamp.now.duration(since: signed.at) < Self.refresh {
      return .signed
    }
    do {
      for _ in 0..<2 {
        switch try await add(newest, source) {
        case .signed(let lines): return try keep(lines, newest)
        case .stale(let size):
          held = size
          guard size <= newest.size else { return try await conflict(newest, source) }
        case .inconsistent: return try await conflict(newest, source)
        case .refused(let status):
          say("refused with status \(status)")
          return .unavailable
        }
      }
    } catch {
      say("cannot be used (\(Self.code(error)))")
      return .unavailable
    }
    say("says another size each time")
    return .unavailable
  }

  private func add(_ newest: VerifiedCheckpoint, _ source: AuditSource) async throws -> WitnessAnswer {
    // A size beyond ours is a mistake or a fork; without a proof the witness says which.
    let old = min(held, newest.size)
    var source = source
    let proof = try await FetchedTree.consistencyProof(from: old, to: newest.size, &source)
    let request = WitnessRequest(oldSize: old, proof: proof.path, checkpoint: newest.bytes)
    let response = try await client.send(
      FetchRequest(method: "POST", url: "\(base)/add-checkpoint", body: request.bytes))
    return try WitnessAnswer(status: response.status, body: response.body)
  }

  /// Checks the cosignature and leaves the checkpoint with it in the folder.
  private func keep(_ lines: [NoteSignature], _ newest: VerifiedCheckpoint) throws -> Outcome {
    var note = try SignedNote.sign(SignedNote(parsing: newest.bytes).text, by: [])
    for line in try SignedNote(parsing: newest.bytes).signatures + lines { try note.appendSignature(line) }
    _ = try note.verified(by: [member.key])
    try folder.place(note.bytes, at: WitnessExchange.checkpointFile(of: member.key))
    held = newest.size
    signed = (newest.checkpoint, Timestamp.now)
    say("signed \(newest.size)", problem: false)
    return .signed
  }

  /// The witness holds more than the log shows, or something else: its checkpoint goes into the folder, where the broker
  /// finds it, and both are kept.
  private func conflict(_ newest: VerifiedCheckpoint, _ source: AuditSource) async throws -> Outcome {
    guard let note = try await heldNote() else { return .unavailable }
    let shown = try VerifiedCheckpoint(verifying: note, by: key)
    var source = source
    if shown.size <= newest.size,
      try await FetchedTree.root(size: shown.size, of: newest.size, &source) == shown.root
    {
      say("refuses a checkpoint that continues what it holds")
      return .unavailable
    }
    let files = WitnessExchange.conflictFiles(of: member.key)
    try folder.place(note, at: files.witness)
    try folder.place(newest.bytes, at: files.log)
    try folder.place(note, at: WitnessExchange.checkpointFile(of: member.key))
    say("holds \(shown.size) entries that are not what the log shows; both checkpoints are in \(folder.path)")
    return .conflict
  }

  /// What the witness holds: signed by the log and by the witness; `nil` when it says that it holds nothing.
  private func heldNote() async throws -> [UInt8]? {
    let response = try await client.send(
      FetchRequest(url: "\(base)/\(Witness.fileName(ofLog: key.name))/checkpoint"))
    if response.status == 404 { return nil }
    guard response.status == 200 else { throw Failure(.unavailable, "status \(response.status)") }
    _ = try VerifiedCheckpoint(verifying: response.body, by: key)
    _ = try SignedNote(parsing: response.body).verified(by: [member.key])
    return response.body
  }

  /// Says what is new about this witness, once.
  private func say(_ text: String, problem: Bool = true) {
    guard problem else { return lastNote = nil }
    guard lastNote != text else { return }
    lastNote = text
    Console.note("audit relay: witness \(member.name) \(text)")
  }

  private static func code(_ error: any Error) -> String {
    switch error {
    case let error as FetchError: error.code
    case let error as LogError: error.code
    case let error as NoteError: error.code
    case let error as AuditFailure: error.code
    case let error as Failure: error.message
    default: "failed"
    }
  }
}
