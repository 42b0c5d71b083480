import Cryptography

/// The cipher of the file that a thread is at.
final class FileCipher {
  private var file = -1
  private var cipher: SegmentCipher?

  /// Makes the cipher of `file` unless it is the one at hand.
  func prepare(file wanted: Int, key: () -> SecretBytes) throws(CryptoError) {
    guard file != wanted else { return }
    file = -1
    cipher = try SegmentCipher(key: key())
    file = wanted
  }

  func seal(_ plaintext: RawSpan, nonce: [UInt8], into sealed: inout MutableRawSpan) throws(CryptoError) {
    guard try cipher?.seal(plaintext, nonce: nonce, into: &sealed) != nil else { throw .internalFailure }
  }

  func open(_ sealed: RawSpan, nonce: [UInt8], into plaintext: inout MutableRawSpan) throws(CryptoError) {
    guard try cipher?.open(sealed, nonce: nonce, into: &plaintext) != nil else { throw .internalFailure }
  }
}
