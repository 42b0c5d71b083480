import Cryptography
import Synchronization

/// SHA-256 of whole files.
package enum FileDigests {
  /// Reads every file once; blocks the calling thread.
  /// - Parameters:
  ///   - width: threads to use, one file at a time each.
  ///   - progress: told the bytes read, by several threads.
  package static func sha256(
    of inputs: [Sealer.Input], width: Int, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(WeightsError) -> [[UInt8]] {
    let results = DigestTable(count: inputs.count)
    try concurrently(width: width, count: inputs.count, makeState: { SegmentBuffer() }) {
      (number, buffer) throws(WeightsError) in
      results.set(number, try digest(of: inputs[number], through: buffer, progress))
    }
    return results.all
  }

  private static func digest(
    of input: Sealer.Input, through buffer: SegmentBuffer, _ progress: @Sendable (Int) -> Void
  ) throws(WeightsError) -> [UInt8] {
    var digest = HashStream(.sha256)
    do {
      for start in stride(from: 0, to: input.file.byteCount, by: StreamLayout.segmentSize) {
        let count = min(StreamLayout.segmentSize, input.file.byteCount - start)
        try buffer.withMutableBytes(count) { try input.file.read(at: start, into: &$0) }
        buffer.withBytes(count) { digest.update($0) }
        progress(count)
      }
    } catch {
      throw .storage(path: input.path, .init(error))
    }
    return digest.finish()
  }
}

/// Digests that several threads come to.
private final class DigestTable: Sendable {
  private let digests: Mutex<[[UInt8]]>

  init(count: Int) { digests = Mutex([[UInt8]](repeating: [], count: count)) }

  func set(_ index: Int, _ digest: [UInt8]) { digests.withLock { $0[index] = digest } }
  var all: [[UInt8]] { digests.withLock { $0 } }
}
