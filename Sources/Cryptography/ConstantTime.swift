import CCrypto

/// Whether two byte strings are equal, in time that depends on their lengths only.
package func constantTimeEquals(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  return unsafe left.withRawBytes { a in
    unsafe right.withRawBytes { b in
      guard let first = a.baseAddress, let second = b.baseAddress else { return true }
      return unsafe cc_equal(first, second, a.count) == 1
    }
  }
}
