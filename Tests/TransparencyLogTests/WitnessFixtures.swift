import Bytes
import Cryptography
import SignedNotes
import Telemetry
import TransparencyLog

func cosigner() throws -> NoteCosigner { try NoteCosigner(name: "witness.test/w1", key: key(from: 0x20)) }

/// A store in memory that can be told to fail, before or after it has kept what it was given.
final class MemoryWitnessStore: WitnessStore {
  enum Failure: Error { case lost, keptButUnanswered }

  private let state = Locked<(files: [String: [UInt8]], failure: Failure?)>(([:], nil))

  func fail(_ failure: Failure?) { state.withLock { $0.failure = failure } }

  subscript(name: String) -> [UInt8]? {
    get { state.withLock { $0.files[name] } }
    set { state.withLock { $0.files[name] = newValue } }
  }

  func read(_ name: String) throws -> [UInt8]? { self[name] }

  func replace(_ name: String, with bytes: [UInt8]) throws {
    let failure = state.withLock { state in
      if state.failure != .lost { state.files[name] = bytes }
      return state.failure
    }
    if let failure { throw failure }
  }
}

/// What a log of `entry 0` … asks a witness.
func request(
  _ old: UInt64, _ new: UInt64, of all: [[UInt8]] = entries(0..<300), by signer: NoteSigner? = nil
) throws -> WitnessRequest {
  var tree = PlainTree(all)
  let signer = try signer ?? logSigner()
  let proof = old <= new ? try tree.consistencyProof(from: old, to: new).path : []
  let checkpoint = Checkpoint(origin: signer.name, size: new, root: try tree.root(size: new))
  return WitnessRequest(oldSize: old, proof: proof, checkpoint: try checkpoint.signed(by: signer))
}
