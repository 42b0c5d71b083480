import Bytes
import Platform
import SignedNotes
import Telemetry
import TransparencyLog

/// What the witnesses have signed of this log, as the relay leaves it in the shared folder. Reads files on a thread of its
/// own.
actor WitnessBoard {
  private let executor: SerialThread
  private let policy: QuorumPolicy
  private let folder: DurableDirectory
  private var cosigned: CosignedCheckpoints
  /// Each file as it was when it was last looked at.
  private var seen: [String: [UInt8]] = [:]
  private nonisolated let served = Locked<CosignedCheckpoints.Quorum?>(nil)

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  init(policy: QuorumPolicy, key: NoteVerifierKey, folder: DurableDirectory) throws(PlatformError) {
    executor = try SerialThread()
    self.policy = policy
    self.folder = folder
    cosigned = CosignedCheckpoints(key: key, policy: policy)
  }

  /// The newest checkpoint that a quorum cosigned. Never goes back.
  nonisolated var quorum: CosignedCheckpoints.Quorum? { served.withLock { $0 } }

  /// Reads what is new in the folder. A file that does not verify is passed over.
  /// - Returns: the checkpoints that were new, for the log to hold against its tree before `adopt`.
  func read() -> [Checkpoint] {
    var found: [Checkpoint] = []
    for member in policy.members {
      let name = WitnessExchange.checkpointFile(of: member.key)
      guard let bytes = try? folder.read(file: name), bytes != seen[name] else { continue }
      seen[name] = bytes
      if let checkpoint = try? cosigned.take(bytes, of: member) { found.append(checkpoint) }
    }
    return found
  }

  /// Puts into force what was read.
  func adopt() {
    guard let quorum = cosigned.quorum else { return }
    served.withLock { served in
      if let old = served, (old.checkpoint.size, old.time) >= (quorum.checkpoint.size, quorum.time) { return }
      served = quorum
    }
  }
}

extension DecisionLog {
  /// Whether the tree holds everything that the checkpoint says, under its root.
  func continues(_ checkpoint: Checkpoint) -> Bool {
    guard let note = try? SignedNote(parsing: self.checkpoint), let own = try? Checkpoint(parsing: note.text),
      checkpoint.size <= own.size,
      let proof = try? consistencyProof(from: checkpoint.size, to: own.size)
    else { return false }
    return (try? proof.verify(oldRoot: checkpoint.root, newRoot: own.root)) != nil
  }
}

extension KeyBroker {
  /// Takes up what witnesses signed. A checkpoint under this log's key that is not of this log's history means that the key
  /// signed two: nothing more is released.
  func readWitnesses() async {
    guard let witnesses else { return }
    for checkpoint in await witnesses.read() where !(await log.continues(checkpoint)) {
      events.write(.error, "log-forked", ["size": .number(Int64(clamping: checkpoint.size))])
      stop.signal(.forked(size: checkpoint.size))
      return
    }
    await witnesses.adopt()
  }
}
