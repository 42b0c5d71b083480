import Bytes
import Cryptography
import HostileDisk
import TestSupport
import Testing
import TransparencyLog

struct EvidenceStoreTests {
  private let blobs = (0..<6).map { utf8("blob \($0)") }

  @Test func aBlobIsFoundByItsDigest() throws {
    let disk = CrashFS()
    var store = EvidenceStore(disk)
    let digests = try store.put(blobs)
    #expect(digests == blobs.map { Hash.sha256.digest($0) })
    for (digest, blob) in zip(digests, blobs) {
      #expect(try store.blob(digest) == blob)
      let hex = Hex.encode(digest)
      #expect(disk["evidence/\(hex.prefix(2))/\(hex)"] == blob)
    }
    #expect(try store.blob([UInt8](repeating: 0, count: 32)) == nil)
    #expect(try store.blob(utf8("../../etc/passwd")) == nil)
    #expect(try store.put([blobs[0], blobs[0]]) == [digests[0], digests[0]])
  }

  @Test func aDamagedBlobIsRefusedAndReplaced() throws {
    let disk = CrashFS()
    var store = EvidenceStore(disk)
    let digest = try store.put([blobs[0]])[0]
    let name = try #require(disk.names.first)
    disk[name] = utf8("blob X")
    #expect(throws: LogError.malformed(ParseError("evidence", .unexpected))) { try store.blob(digest) }
    _ = try store.put([blobs[0]])
    #expect(try store.blob(digest) == blobs[0])
  }

  @Test func whatWasStoredSurvivesAPowerLoss() throws {
    for seed in 0..<UInt64(300) {
      let disk = CrashFS(seed: seed)
      var random = SeededGenerator(seed: seed)
      var stored: [[UInt8]] = []
      for _ in 0..<3 {
        disk.boot(CrashFS.Plan(crashAtOperation: random.happens(0.8) ? Int.random(in: 1...30, using: &random) : nil))
        var store = EvidenceStore(disk)
        for blob in blobs where random.happens(0.6) {
          do throws(LogError) { stored += try store.put([blob]) } catch {
            disk.boot(CrashFS.Plan())
            #expect(throws: LogError.poisoned) { try store.put([blob]) }
            break
          }
        }
        if random.happens(0.5) { disk.losePower() } else { disk.kill() }
      }
      disk.losePower()
      let store = EvidenceStore(disk)
      for digest in stored { #expect(try store.blob(digest) != nil, "seed \(seed)") }
    }
  }
}
