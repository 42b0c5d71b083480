import Bytes
import Cryptography
import Dispatch
import FuzzDriver
import Replay
import SignedNotes
import Synchronization
import TransparencyLog

/// A pack as it comes, and the input as the records of a pack whose chain and whose signatures hold: kind, u16 big-endian
/// length, body. What is not said by the input, header, checkpoint and end, is made to fit its entries.
struct FuzzedPack {
  static let signer: NoteSigner? = {
    var seed = (0..<32).map { UInt8($0) }
    guard let key = try? Ed25519PrivateKey(seed: SecretBytes(erasing: &seed)) else { return nil }
    return try? NoteSigner(name: "vouchsafe.test/log", key: key)
  }()

  let bytes: [UInt8]

  init?(_ input: [UInt8]) {
    guard let signer = Self.signer else { return nil }
    var cursor = ByteCursor(input)
    var records: [PackRecord] = []
    var tree = TreeFrontier()
    while let kind = try? cursor.byte("kind"), let length = try? cursor.bigEndian("length", as: UInt16.self) {
      guard let kind = PackRecord.Kind(rawValue: kind), let body = try? cursor.bytes(Int(length), "body") else { break }
      if kind == .entry { tree.add(Array(body)) }
      records.append(PackRecord(kind, Array(body)))
    }
    let checkpoint = Checkpoint(origin: "vouchsafe.test/log", size: tree.size, root: tree.root)
    guard let note = try? checkpoint.signed(by: signer) else { return nil }
    let header: JSONValue = [
      "from": 0, "origin": "vouchsafe.test/log", "schema": "vouchsafe/pack/v1", "size": .int(tree.size),
    ]
    let whole =
      [PackRecord(.header, CanonicalJSON.encode(header)), PackRecord(.checkpoint, note)] + records
      + [PackRecord(.frontier, tree.bytes)]
    var chain = PackRecord.firstChain
    bytes = whole.reduce(into: PackRecord.magic) { bytes, record in
      let next = record.encoded(after: chain)
      bytes += next.bytes
      chain = next.chain
    }
  }
}

private let answer = Mutex<PackReport?>(nil)

/// The report of a pack that is accepted.
func report(_ pack: [UInt8]) -> PackReport? {
  guard let key = FuzzedPack.signer?.verifierKey else { return nil }
  let done = DispatchSemaphore(value: 0)
  Task {
    let found = try? await PackExaminer(key: key).examine(PackInMemory(pack))
    answer.withLock { $0 = found }
    done.signal()
  }
  done.wait()
  return answer.withLock { $0 }
}

// A pack that is accepted has one form: no flipped byte, no cut and no byte more is accepted beside it.
fuzz { input in
  _ = report(input)
  guard let pack = FuzzedPack(input)?.bytes, report(pack) != nil, let place = input.last else { return }
  var flipped = pack
  flipped[Int(place) * 7919 % pack.count] ^= 1
  precondition(report(flipped) == nil, "a flipped byte is accepted")
  precondition(report(Array(pack.dropLast(1 + Int(place)))) == nil, "a cut pack is accepted")
  precondition(report(pack + [place]) == nil, "a longer pack is accepted")
}
