import CCrypto

/// Throws what a door's return code means.
func check(_ status: Int32, refusal: CryptoError = .authenticationFailed) throws(CryptoError) {
  if let error = CryptoError(status, refusal: refusal) { throw error }
}

/// For calls that fail only when libcrypto has no memory or lacks a mandatory algorithm: nothing sensible can follow.
func must(_ status: Int32, _ what: StaticString) {
  // A hash or a random generator that does not work must stop the process rather than answer.
  precondition(status == CC_OK, "libcrypto cannot \(what)")
}

/// Collects the bytes a door hands out, and erases the door's copy.
func collect(_ fill: (UnsafeMutablePointer<cc_bytes>) -> Int32) throws(CryptoError) -> [UInt8] {
  var bytes = unsafe cc_bytes()
  defer { unsafe cc_bytes_free(&bytes) }
  try check(unsafe fill(&bytes))
  return unsafe Array(UnsafeRawBufferPointer(start: bytes.data, count: bytes.count))
}

/// As `collect`, for private keys.
func collectSecret(_ what: StaticString, _ fill: (UnsafeMutablePointer<cc_bytes>) -> Int32) -> SecretBytes {
  var bytes = unsafe cc_bytes()
  defer { unsafe cc_bytes_free(&bytes) }
  unsafe must(fill(&bytes), what)
  let source = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(bytes.data), byteCount: bytes.count)
  return SecretBytes(copying: source)
}

extension Sequence<UInt8> {
  /// The elements as contiguous memory: in place for arrays and slices, copied for anything else.
  func withRawBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let direct = withContiguousStorageIfAvailable { unsafe body(UnsafeRawBufferPointer($0)) }
    if let direct { return direct }
    return unsafe Array(self).withUnsafeBytes { unsafe body($0) }
  }
}

extension SecretBytes {
  /// The secret as a pointer for one door call.
  borrowing func withPointer<R>(_ body: (UnsafeRawPointer?) -> R) -> R {
    withBytes { span in unsafe span.withUnsafeBytes { unsafe body($0.baseAddress) } }
  }
}
