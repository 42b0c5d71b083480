import Bytes
import Cryptography

/// One file while it is sealed: its header, its buffers, its blob and its two digests.
///
/// `@unchecked Sendable`: `SealSchedule` gives each part to one thread at a time: a buffer to who encrypts, digests or
/// appends its segment, the plain digest to who digests, blob and sealed digest to who appends, everything to who
/// begins or finishes.
final class SealLane: @unchecked Sendable {
  private var input: Sealer.Input?
  private var layout = StreamLayout(plaintextSize: 0)
  private var header = StreamHeader(random: [UInt8](repeating: 0, count: StreamLayout.headerSize - 1))
  private var blob: (any BlobWriter)?
  private var plainDigest = HashStream(.sha256)
  private var sealedDigest = HashStream(.sha256)
  private let plaintext = (0..<SealSchedule.depth).map { _ in SegmentBuffer() }
  private let ciphertext = (0..<SealSchedule.depth).map { _ in SegmentBuffer() }

  /// - Parameter header: of this file alone, never used before.
  func begin(_ input: Sealer.Input, header: StreamHeader, blob: any BlobWriter) throws {
    self.input = input
    self.header = header
    self.blob = blob
    layout = StreamLayout(plaintextSize: input.file.byteCount)
    plainDigest = HashStream(.sha256)
    sealedDigest = HashStream(.sha256)
    sealedDigest.update(header.bytes)
    try self.blob?.append(unsafe header.bytes.span.bytes)
  }

  func encrypt(
    _ place: SealSchedule.Place, with cipher: FileCipher, key: (StreamHeader, String) -> SecretBytes
  ) throws {
    guard let input else { return }
    let (plain, sealed) = (layout.plaintext(of: place.segment), layout.ciphertext(of: place.segment))
    try cipher.prepare(file: place.file) { key(header, input.path) }
    if !plain.isEmpty {
      try plaintext[place.slot].withMutableBytes(plain.count) { try input.file.read(at: plain.lowerBound, into: &$0) }
    }
    let nonce = layout.nonce(of: place.segment, prefix: header.prefix)
    try plaintext[place.slot].withBytes(plain.count) { bytes in
      try ciphertext[place.slot].withMutableBytes(sealed.count) { try cipher.seal(bytes, nonce: nonce, into: &$0) }
    }
  }

  /// - Returns: the bytes of plaintext taken.
  func digest(_ place: SealSchedule.Place) -> Int {
    let count = layout.plaintext(of: place.segment).count
    plaintext[place.slot].withBytes(count) { plainDigest.update($0) }
    return count
  }

  func append(_ place: SealSchedule.Place) throws {
    try ciphertext[place.slot].withBytes(layout.ciphertext(of: place.segment).count) { bytes in
      sealedDigest.update(bytes)
      try blob?.append(bytes)
    }
  }

  /// The blob under its name, and what the manifest says of the file.
  func finish() throws -> Manifest.File? {
    guard let input else { return nil }
    let file = Manifest.File(
      path: input.path, size: layout.plaintextSize, role: FileRole(path: input.path), sha256: plainDigest.current(),
      ciphertextSHA256: sealedDigest.current())
    try blob?.finish(named: file.blob)
    blob = nil
    self.input = nil
    return file
  }
}
