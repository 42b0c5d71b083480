import Cryptography

/// What one thread needs to open or seal segments: two buffers of a segment, and the cipher of the file it is at.
final class SegmentWorker {
  private var file = -1
  private var cipher: SegmentCipher?
  private let ciphertext = SegmentBuffer()
  private let plaintext = SegmentBuffer()

  /// Makes the cipher of `file` unless it is the one at hand.
  func prepare(file wanted: Int, key: () -> SecretBytes) throws(CryptoError) {
    guard file != wanted else { return }
    file = -1
    cipher = try SegmentCipher(key: key())
    file = wanted
  }

  /// Reads one segment, opens it, and hands the plaintext to `body`.
  func open(
    _ segment: FetchPlan.Segment, nonce: [UInt8], from blob: any StoredBytes, path: String,
    _ body: (RawSpan) throws -> Void
  ) throws(WeightsError) {
    do {
      try ciphertext.withMutableBytes(segment.ciphertext.count) {
        try blob.read(at: segment.ciphertext.lowerBound, into: &$0)
      }
    } catch {
      throw .storage(path: path, .init(error))
    }
    do {
      try ciphertext.withBytes(segment.ciphertext.count) { sealed in
        try plaintext.withMutableBytes(segment.plaintext.count) {
          guard try cipher?.open(sealed, nonce: nonce, into: &$0) != nil else { throw CryptoError.internalFailure }
        }
      }
    } catch {
      throw .segment(path: path, index: segment.index)
    }
    do {
      try plaintext.withBytes(segment.plaintext.count, body)
    } catch {
      throw .storage(path: path, .init(error))
    }
  }

  /// Reads the plaintext of one segment, seals it, and hands both to `body`.
  func seal(
    _ segment: FetchPlan.Segment, nonce: [UInt8], from file: any StoredBytes,
    _ body: (_ plaintext: RawSpan, _ ciphertext: RawSpan) throws -> Void
  ) throws {
    if !segment.plaintext.isEmpty {
      try plaintext.withMutableBytes(segment.plaintext.count) {
        try file.read(at: segment.plaintext.lowerBound, into: &$0)
      }
    }
    try plaintext.withBytes(segment.plaintext.count) { plain in
      try ciphertext.withMutableBytes(segment.ciphertext.count) {
        guard try cipher?.seal(plain, nonce: nonce, into: &$0) != nil else { throw CryptoError.internalFailure }
      }
      try ciphertext.withBytes(segment.ciphertext.count) { try body(plain, $0) }
    }
  }
}
