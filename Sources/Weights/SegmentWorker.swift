import Cryptography

/// One file on its way: where from, where to, and what its segments are bound to.
struct SealedFile: Sendable {
  let path: String
  let layout: StreamLayout
  let header: StreamHeader
  let blob: any StoredBytes
  let output: any DestinationFile
}

/// What one thread needs to open segments: up to three buffers of a segment, and the cipher of the file it is at.
final class SegmentWorker {
  private let cipher = FileCipher()
  private let ciphertext = SegmentBuffer()
  private let plaintext = SegmentBuffer()
  private let assembly = SegmentAssembly()

  /// Makes the cipher of `file` unless it is the one at hand.
  func prepare(file: Int, key: () -> SecretBytes) throws(CryptoError) { try cipher.prepare(file: file, key: key) }

  /// Reads a run of segments front to back, opens each, and puts its plaintext where it belongs.
  /// - Parameter opened: told each segment's plaintext, authentic, in order.
  func open(
    _ run: FetchPlan.Run, of file: SealedFile, _ opened: (RawSpan) -> Void
  ) throws(WeightsError) {
    do {
      let memory = run.plaintext.isEmpty ? nil : try file.output.memory(of: run.plaintext)
      assembly.begin(run.segments, of: file.layout)
      try ciphertext.withMutableBytes(StreamLayout.segmentSize) { scratch in
        try file.blob.stream(run.ciphertext, scratch: &scratch) { piece in
          try assembly.add(piece) { try place($0, $1, of: file, in: memory, opened) }
        }
      }
      guard assembly.isComplete else { throw WeightsError.ciphertextSize(path: file.path) }
    } catch let error as WeightsError {
      throw error
    } catch is SegmentAssembly.TooLong {
      throw .ciphertextSize(path: file.path)
    } catch {
      throw .storage(path: file.path, .init(error))
    }
  }

  /// In place where the file is memory, else through a buffer.
  private func place(
    _ index: Int, _ sealed: RawSpan, of file: SealedFile, in memory: (any FileMemory)?, _ opened: (RawSpan) -> Void
  ) throws {
    let range = file.layout.plaintext(of: index)
    let nonce = file.layout.nonce(of: index, prefix: file.header.prefix)
    if let memory, !range.isEmpty {
      try memory.withMutableBytes(range) {
        try decrypt(sealed, nonce, file, index, into: &$0)
        opened($0.bytes)
      }
      return
    }
    try plaintext.withMutableBytes(range.count) { try decrypt(sealed, nonce, file, index, into: &$0) }
    try plaintext.withBytes(range.count) {
      opened($0)
      if !range.isEmpty { try file.output.write($0, at: range.lowerBound) }
    }
  }

  private func decrypt(
    _ sealed: RawSpan, _ nonce: [UInt8], _ file: SealedFile, _ index: Int, into plaintext: inout MutableRawSpan
  ) throws(WeightsError) {
    do throws(CryptoError) {
      try cipher.open(sealed, nonce: nonce, into: &plaintext)
    } catch {
      throw .segment(path: file.path, index: index)
    }
  }

  /// Reads one segment, opens it, and lends the plaintext.
  func open(
    _ segment: FetchPlan.Segment, nonce: [UInt8], from blob: any StoredBytes, path: String, _ body: (RawSpan) -> Void
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
        try plaintext.withMutableBytes(segment.plaintext.count) { try cipher.open(sealed, nonce: nonce, into: &$0) }
      }
    } catch {
      throw .segment(path: path, index: segment.index)
    }
    plaintext.withBytes(segment.plaintext.count, body)
  }
}
