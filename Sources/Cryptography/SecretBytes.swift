import CCrypto

/// Owns secret bytes in their own locked pages, with a guard page on each side, kept out of core dumps and empty in a
/// child process; erased when the value ends.
///
/// There is exactly one owner: the type cannot be copied, compared, printed or encoded, and the bytes are reachable
/// only inside `withBytes`. Where the limit on locked memory is reached the pages are not locked and `isLocked` says so.
/// Safe to send: after `make` returns nobody can write to the bytes, and the pointer never leaves the value.
@safe
package struct SecretBytes: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  package let count: Int
  /// Whether the kernel promised never to write these pages to swap.
  package let isLocked: Bool

  private init(zeros count: Int) {
    var locked: Int32 = 0
    // Without these pages there is no place where a key may be; going on would mean ordinary memory.
    guard let pages = unsafe cc_secret_allocate(count, &locked) else { fatalError("no memory for a secret") }
    unsafe base = pages
    self.count = count
    isLocked = locked != 0
  }

  deinit { unsafe cc_secret_free(base, count) }

  /// - Precondition: `count` is not negative.
  package static func random(count: Int) -> SecretBytes {
    make(count: count) { span in
      unsafe span.withUnsafeMutableBytes {
        unsafe must(cc_random_private($0.baseAddress, $0.count), "make random bytes")
      }
    }
  }

  /// A secret of `count` bytes that start as zeros and are written by `fill`; erased if `fill` throws.
  package static func make<E: Error>(
    count: Int, fill: (inout MutableRawSpan) throws(E) -> Void
  ) throws(E) -> SecretBytes {
    let secret = SecretBytes(zeros: count)
    let start = unsafe secret.base
    var span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: count)
    try fill(&span)
    return secret
  }

  /// Takes over bytes that arrived in an array, and overwrites the array's storage when it is not shared.
  package init(erasing source: inout [UInt8]) {
    self.init(zeros: source.count)
    let target = unsafe base
    unsafe source.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe target.copyMemory(from: start, byteCount: bytes.count)
      unsafe cc_cleanse(start, bytes.count)
    }
    source = []
  }

  package init(copying source: RawSpan) {
    self.init(zeros: source.byteCount)
    let target = unsafe base
    unsafe source.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe target.copyMemory(from: start, byteCount: bytes.count)
    }
  }

  /// Lends the bytes for the length of `body`.
  package borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count))
  }

  /// A second owner of the same bytes, in pages of its own.
  package borrowing func duplicate() -> SecretBytes { withBytes { SecretBytes(copying: $0) } }

  /// The first `count` bytes, in pages of their own.
  /// - Precondition: `count` is at most the secret's.
  package borrowing func prefix(_ count: Int) -> SecretBytes {
    withBytes { SecretBytes(copying: $0.extracting(first: count)) }
  }

  /// Whether two secrets are equal, in time that depends on their lengths only.
  package borrowing func equals(_ other: borrowing SecretBytes) -> Bool {
    guard count == other.count else { return false }
    return unsafe cc_equal(base, other.base, count) == 1
  }
}
