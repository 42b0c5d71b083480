import Bytes
import Platform
import SignedNotes
import TransparencyLog

/// What a start asks the witnesses, through the relay: which checkpoint of this log do you hold now?
struct WitnessQuestion {
  let policy: QuorumPolicy
  let key: NoteVerifierKey
  let folder: DurableDirectory
  let nonce: String

  /// Asks, and waits until every witness has answered or the time is up.
  ///
  /// - Returns: what the witnesses hold, each signed by the log and by that witness.
  /// - Throws: `StartError.witnessesSilent` when those without an answer could by themselves be a quorum: what they signed
  ///   is unknown then, and an old state could be served for a new one.
  func checkpoints(waiting limit: Duration) async throws -> [Checkpoint] {
    let interval = Duration.milliseconds(100)
    try place(Array("\(nonce)\n".utf8), at: WitnessExchange.ask)
    var held: [String: Checkpoint?] = [:]
    var waited = Duration.zero
    while held.count < policy.members.count, waited < limit {
      for member in policy.members where held[member.name] == nil {
        if let answer = answer(of: member) { held[member.name] = .some(answer.checkpoint) }
      }
      if held.count < policy.members.count { try await Task.sleep(for: interval) }
      waited += interval
    }
    let silent = policy.members.map(\.name).filter { held[$0] == nil }
    guard !policy.isSatisfied(by: Set(silent)) else { throw StartError.witnessesSilent(silent) }
    return held.values.compactMap { $0 }
  }

  private struct Said { let checkpoint: Checkpoint? }

  /// `nil` while there is no answer to this question, or one that the witness did not sign.
  private func answer(of member: QuorumPolicy.Member) -> Said? {
    guard let bytes = try? folder.read(file: WitnessExchange.answerFile(of: member.key)),
      let answer = WitnessExchange.answer(parsing: bytes, to: nonce)
    else { return nil }
    switch answer {
    case .nothing: return Said(checkpoint: nil)
    case .held(let note):
      var taken = CosignedCheckpoints(key: key, policy: policy)
      guard let checkpoint = try? taken.take(note, of: member) else { return nil }
      return Said(checkpoint: checkpoint)
    }
  }

  private func place(_ bytes: [UInt8], at name: String) throws {
    let file = try folder.create(file: "\(name).tmp")
    defer { folder.close(file) }
    try folder.write(bytes, to: file, at: 0)
    try folder.move("\(name).tmp", to: name)
  }
}
