package import Bytes

/// Where the segments of one sealed file lie.
///
/// Shape: Tink streaming AEAD, AES256_GCM_HKDF_1MB. A header of 40 bytes (its own length, 32 bytes of salt, 7 bytes of
/// nonce prefix), then segments of 1 MiB of ciphertext with the tag at the end; the first is shorter by the header, the
/// last may be. An empty file has one segment, of a tag alone.
/// Spec: Tink, "AES-GCM-HKDF streaming AEAD".
package struct StreamLayout: Equatable, Sendable {
  package static let segmentSize = 1 << 20
  package static let saltSize = 32
  package static let prefixSize = 7
  package static let headerSize = 1 + saltSize + prefixSize
  package static let tagSize = 16
  /// The largest plaintext a manifest may name: 16 TiB, far below what the segment counter could number.
  package static let plaintextLimit = 1 << 44

  private static let segmentBody = segmentSize - tagSize
  private static let firstBody = segmentBody - headerSize

  package let plaintextSize: Int
  package let segmentCount: Int

  /// - Precondition: 0 ≤ `plaintextSize` ≤ `plaintextLimit`.
  package init(plaintextSize: Int) {
    precondition((0...Self.plaintextLimit).contains(plaintextSize), "sizes are checked by the manifest")
    self.plaintextSize = plaintextSize
    let beyondFirst = max(0, plaintextSize - Self.firstBody)
    segmentCount = 1 + (beyondFirst + Self.segmentBody - 1) / Self.segmentBody
  }

  package var ciphertextSize: Int { Self.headerSize + plaintextSize + Self.tagSize * segmentCount }

  /// The plaintext of segment `index`.
  package func plaintext(of index: Int) -> Range<Int> {
    let start = index == 0 ? 0 : Self.firstBody + (index - 1) * Self.segmentBody
    let size = index == 0 ? Self.firstBody : Self.segmentBody
    return start..<min(start + size, plaintextSize)
  }

  /// The ciphertext of segment `index`, its tag included, the header not.
  package func ciphertext(of index: Int) -> Range<Int> {
    let plaintext = plaintext(of: index)
    let start = Self.headerSize + plaintext.lowerBound + Self.tagSize * index
    return start..<start + plaintext.count + Self.tagSize
  }

  /// The nonce of segment `index`: prefix, number, and whether it is the last, which is what refuses a cut-off file.
  package func nonce(of index: Int, prefix: [UInt8]) -> [UInt8] {
    var nonce = ByteWriter(reserving: 12)
    nonce.append(prefix)
    nonce.bigEndian(UInt32(index))
    nonce.append(byte: index == segmentCount - 1 ? 1 : 0)
    return nonce.bytes
  }
}

/// The first 40 bytes of a sealed file: public values that make its key and nonces its own.
package struct StreamHeader: Equatable, Sendable {
  package let salt: [UInt8]
  package let prefix: [UInt8]

  /// - Parameter random: 39 bytes that were never used before.
  package init(random: [UInt8]) {
    precondition(random.count == StreamLayout.headerSize - 1, "39 random bytes")
    salt = Array(random[..<StreamLayout.saltSize])
    prefix = Array(random[StreamLayout.saltSize...])
  }

  package init(parsing bytes: [UInt8]) throws(ParseError) {
    var input = ByteCursor(bytes)
    guard try input.byte("header.length") == UInt8(StreamLayout.headerSize) else {
      throw ParseError("header.length", .unexpected, at: 0)
    }
    salt = Array(try input.bytes(StreamLayout.saltSize, "header.salt"))
    prefix = Array(try input.bytes(StreamLayout.prefixSize, "header.noncePrefix"))
    try input.finish("header")
  }

  package var bytes: [UInt8] { [UInt8(StreamLayout.headerSize)] + salt + prefix }
}
