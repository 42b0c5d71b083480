import Bytes
import Cryptography
import Replay
import SignedNotes
import TestSupport
import Testing
import TransparencyLog

/// An auditor who asks for witnesses believes no pack whose checkpoint they did not sign.
struct PackWitnessTests {
  private let first: NoteCosigner
  private let second: NoteCosigner

  init() throws {
    first = try NoteCosigner(name: "witness.test/one", key: .random())
    second = try NoteCosigner(name: "witness.test/two", key: .random())
  }

  private func policy(_ packed: Packed) throws -> QuorumPolicy {
    let lines = [
      "log \(packed.key.text)", "witness one \(first.verifierKey.text)", "witness two \(second.verifierKey.text)",
      "group both all one two", "quorum both",
    ]
    return try QuorumPolicy(parsing: lines.map { Array("\($0)\n".utf8) }.flatMap(\.self))
  }

  /// The pack with these signatures under its checkpoint, of the checkpoint's own text unless another is given.
  private func cosigned(_ packed: Packed, by signers: [NoteCosigner], text: String? = nil) throws -> [UInt8] {
    var records = PackRecords(packed.bytes)
    let place = try #require(records.indices(.checkpoint).first)
    var note = try SignedNote(parsing: records.list[place].body)
    for signer in signers {
      try note.appendSignature(signer.cosign(text ?? note.text, at: Timestamp(seconds: 1_790_000_000)))
    }
    records.list[place] = PackRecord(.checkpoint, note.bytes)
    return records.bytes
  }

  private func refusal(_ pack: [UInt8], _ packed: Packed) async throws -> String? {
    do {
      let report = try await PackExaminer(key: packed.key, policy: try policy(packed)).examine(PackInMemory(pack))
      #expect(report.checkpoint.witnesses.count == 2)
      return nil
    } catch let error as PackError { return "\(error.code): \(error)" }
  }

  @Test func aQuorumOfWitnessesIsAskedForAndCounted() async throws {
    let packed = try await Packed.make()
    #expect(try await refusal(try cosigned(packed, by: [first, second]), packed) == nil)
    for signers in [[], [first], [second], [first, first]] {
      let pack = try cosigned(packed, by: signers)
      let refused = try await refusal(pack, packed)
      #expect(refused?.contains("record 1 (the checkpoints)") == true, "\(signers.count): \(refused ?? "taken")")
      #expect(await packed.outcome(pack).refusal == nil, "without a policy the log's own signature is enough")
    }
  }

  @Test func signaturesOfStrangersAndOfOtherCheckpointsDoNotCount() async throws {
    let packed = try await Packed.make()
    let stranger = try NoteCosigner(name: "witness.test/two", key: .random())
    #expect(try await refusal(try cosigned(packed, by: [first, stranger]), packed) != nil)
    let one = Checkpoint(origin: "vouchsafe.test/log", size: 1, root: .leaf([1])).text
    let other = try cosigned(packed, by: [first, second], text: one)
    #expect(try await refusal(other, packed) != nil)
    #expect(await packed.outcome(other).refusal == nil, "to whom the witnesses are strangers, they say nothing")
  }
}
