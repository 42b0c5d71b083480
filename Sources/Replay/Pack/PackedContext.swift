import Bytes
import TransparencyLog

/// An entry before the first one of a pack, with the proof that it stands in the log.
struct PackedContext {
  let index: UInt64
  let entry: [UInt8]

  /// The body of a record `X`.
  static func body(_ entry: [UInt8], _ proof: InclusionProof) -> [UInt8] {
    var output = ByteWriter()
    output.bigEndian(proof.index)
    output.append([UInt8(proof.path.count)])
    for hash in proof.path { output.append(hash.bytes) }
    output.append(entry)
    return output.bytes
  }

  /// - Throws: `.malformed`; `.outOfOrder` for an entry not in `next ..< first`; `.contextUnproved`.
  init<Source>(
    _ found: PackReader<Source>.Found, before first: UInt64, from next: UInt64, _ signed: VerifiedCheckpoint
  ) throws(PackError) {
    var input = ByteCursor(found.record.body)
    var path: [MerkleHash] = []
    do throws(ParseError) {
      index = try input.bigEndian("context.index", as: UInt64.self)
      for _ in 0..<(try input.byte("context.hashes")) {
        guard let hash = MerkleHash(try input.bytes(32, "context.hash")) else {
          throw ParseError("context.hash", .truncated)
        }
        path.append(hash)
      }
    } catch { throw .malformed(found.place, error) }
    entry = Array(input.rest())
    guard index < first, index >= next else { throw .outOfOrder(found.place) }
    let proof = InclusionProof(index: index, size: signed.size, path: path)
    do throws(LogError) { try proof.verify(leaf: MerkleHash.leaf(entry), root: signed.root) } catch {
      throw .contextUnproved(found.place)
    }
  }
}
