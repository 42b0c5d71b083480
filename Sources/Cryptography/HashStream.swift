import CCrypto

/// A hash over bytes that come in pieces. Safe to send: one owner, no shared state.
@safe
package struct HashStream: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer
  private let byteCount: Int

  package init(_ hash: Hash) {
    // Only the want of memory can make this fail, and then nothing can be verified.
    guard let made = unsafe cc_digest_new(hash.number) else { fatalError("no memory for a hash") }
    unsafe context = made
    byteCount = hash.byteCount
  }

  private init(owning context: OpaquePointer, byteCount: Int) {
    unsafe self.context = unsafe context
    self.byteCount = byteCount
  }

  deinit { unsafe cc_digest_free(context) }

  package mutating func update(_ bytes: [UInt8]) {
    unsafe must(cc_digest_update(context, bytes, bytes.count), "hash")
  }

  package mutating func update(_ bytes: ArraySlice<UInt8>) {
    let context = unsafe context
    unsafe bytes.withRawBytes { unsafe must(cc_digest_update(context, $0.baseAddress, $0.count), "hash") }
  }

  package mutating func update(_ span: RawSpan) {
    let context = unsafe context
    unsafe span.withUnsafeBytes { unsafe must(cc_digest_update(context, $0.baseAddress, $0.count), "hash") }
  }

  /// The hash of what came so far; the stream goes on.
  package borrowing func current() -> [UInt8] { copy().finish() }

  /// A second stream with the same past.
  package borrowing func copy() -> HashStream {
    // Only the want of memory can make this fail.
    guard let made = unsafe cc_digest_copy(context) else { fatalError("no memory for a hash") }
    return unsafe HashStream(owning: made, byteCount: byteCount)
  }

  package consuming func finish() -> [UInt8] { result() }

  /// The hash as a secret, for key derivation.
  consuming func finishSecret() -> SecretBytes { secretResult() }

  // Borrowing, so that the context outlives the call whatever the optimiser thinks of the last use of `self`.
  private borrowing func result() -> [UInt8] {
    var output = [UInt8](repeating: 0, count: byteCount)
    unsafe must(cc_digest_finish(context, &output), "hash")
    return output
  }

  private borrowing func secretResult() -> SecretBytes {
    let context = unsafe context
    return SecretBytes.make(count: byteCount) { span in
      unsafe span.withUnsafeMutableBytes { unsafe must(cc_digest_finish(context, $0.baseAddress), "hash") }
    }
  }
}
