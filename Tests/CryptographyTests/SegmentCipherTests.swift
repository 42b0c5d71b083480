import Bytes
import Cryptography
import Testing

@Suite struct SegmentCipherTests {
  let key = Array(repeating: UInt8(7), count: 32)
  func nonce(_ number: UInt8) -> [UInt8] { Array(repeating: 0, count: 11) + [number] }

  @Test func manySegmentsUnderOneKeyGoBothWaysInAnyOrder() throws {
    var cipher = try SegmentCipher(key: SecretBytes(key))
    let messages = (0..<20).map { index in [UInt8](repeating: UInt8(index), count: index * 333) }
    var sealed: [[UInt8]] = []
    for (index, message) in messages.enumerated() {
      sealed.append(try cipher.seal(message, nonce: nonce(UInt8(index))))
      #expect(try cipher.open(sealed[index / 2], nonce: nonce(UInt8(index / 2))) == messages[index / 2])
    }
    for index in messages.indices.reversed() {
      #expect(try cipher.open(sealed[index], nonce: nonce(UInt8(index))) == messages[index])
      #expect(
        try AESGCM.seal(messages[index], key: SecretBytes(key), nonce: nonce(UInt8(index)), aad: []) == sealed[index])
    }
  }

  @Test func anAlteredSegmentIsRefusedAndTheNextOneStillOpens() throws {
    var cipher = try SegmentCipher(key: SecretBytes(key))
    let good = try cipher.seal([1, 2, 3], nonce: nonce(1))
    for index in good.indices {
      var bad = good
      bad[index] ^= 0x80
      #expect(throws: CryptoError.authenticationFailed) { try cipher.open(bad, nonce: nonce(1)) }
      #expect(try cipher.open(good, nonce: nonce(1)) == [1, 2, 3])
    }
    #expect(throws: CryptoError.authenticationFailed) { try cipher.open(good, nonce: nonce(2)) }
    #expect(throws: CryptoError.authenticationFailed) { try cipher.open(Array(good.dropLast()), nonce: nonce(1)) }
  }

  @Test func nothingUnauthenticatedIsLeftInTheDestination() throws {
    var cipher = try SegmentCipher(key: SecretBytes(key))
    var sealed = try cipher.seal(Array(repeating: 0xAB, count: 100), nonce: nonce(1))
    sealed[110] ^= 1
    var output = [UInt8](repeating: 0x55, count: 100)
    var elements = output.mutableSpan
    var span = unsafe elements.mutableBytes
    #expect(throws: CryptoError.authenticationFailed) {
      try unsafe cipher.open(sealed.span.bytes, nonce: nonce(1), into: &span)
    }
    #expect(output == Array(repeating: 0, count: 100))
  }

  @Test func lengthsThatDoNotFitAreRefused() throws {
    var cipher = try SegmentCipher(key: SecretBytes(key))
    let sealed = try cipher.seal([1, 2, 3], nonce: nonce(1))
    #expect(throws: CryptoError.badLength) { try cipher.open(sealed, nonce: []) }
    #expect(throws: CryptoError.badLength) { try cipher.seal([1], nonce: Array(repeating: 0, count: 13)) }
    #expect(throws: CryptoError.badLength) { try cipher.open(Array(sealed.prefix(15)), nonce: nonce(1)) }
    var small = [UInt8](repeating: 0, count: 2)
    var elements = small.mutableSpan
    var span = unsafe elements.mutableBytes
    #expect(throws: CryptoError.badLength) {
      try unsafe cipher.open(sealed.span.bytes, nonce: nonce(1), into: &span)
    }
    #expect(throws: CryptoError.badLength) {
      try unsafe cipher.seal(sealed.span.bytes, nonce: nonce(1), into: &span)
    }
    #expect(small == [0, 0])
    #expect(throws: CryptoError.badKey) { _ = try SegmentCipher(key: SecretBytes([1, 2, 3])) }
  }
}
