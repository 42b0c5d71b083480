import Cryptography
import FuzzDriver
import SignedNotes
import TransparencyLog

// Whatever became of the write-ahead log on its disk: what recovery accepts is a state that was signed once, and the log
// goes on from there.

/// Three commits that nothing was published of: the file, and the checkpoint after each.
struct Written {
  var file: [UInt8] = []
  var checkpoints: [[UInt8]] = []
  let signer: NoteSigner

  init() throws {
    var seed = [UInt8](repeating: 7, count: 32)
    signer = try NoteSigner(name: "fuzz.test/log", key: Ed25519PrivateKey(seed: SecretBytes(erasing: &seed)))
    let disk = MemoryDisk()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    checkpoints.append(log.checkpoint)
    for batch in [["a"], ["bb", ""], [String(repeating: "c", count: 600)]] {
      _ = try log.append(batch.map { Array($0.utf8) })
      checkpoints.append(log.checkpoint)
    }
    file = disk.read("wal") ?? []
  }

  /// The file after what the input says: `r` and a file, or pairs of a place and a byte to write there; `c` cuts there.
  func damaged(by input: [UInt8]) -> [UInt8] {
    guard let kind = input.first else { return file }
    if kind == UInt8(ascii: "r") { return Array(input.dropFirst()) }
    var damaged = file
    var rest = input.dropFirst()
    while rest.count >= 3, !damaged.isEmpty {
      let step = Array(rest.prefix(3))
      rest = rest.dropFirst(3)
      damaged[(Int(step[0]) << 8 | Int(step[1])) % damaged.count] = step[2]
    }
    if kind == UInt8(ascii: "c"), let end = rest.first { damaged.removeLast(min(damaged.count, Int(end) * 4)) }
    return damaged
  }
}

let written = try Written()

fuzz { input in
  let file = written.damaged(by: input)
  guard file.count <= 4096 else { return }
  let disk = MemoryDisk()
  disk.put("wal", file)
  guard var log = try? LogWriter.open(disk, signer: written.signer, absence: .refuse) else {
    precondition(disk.read("wal") == file, "a refused file was changed")
    precondition(file != written.file, "a whole file was refused")
    return
  }
  precondition(written.checkpoints.contains(log.checkpoint), "a state that was never signed")
  let size = log.size
  let receipts = try? log.append([[0x78]])
  precondition(receipts?.first?.index == size, "no log to go on with")
}
