import CCrypto

/// The system's random generator: for services and programs. Pure modules take random bytes as an argument.
package enum SystemRandom {
  /// Public random bytes: nonces, serial numbers. Secrets come from `SecretBytes.random`.
  package static func bytes(_ count: Int) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: count)
    unsafe must(cc_random(&output, count), "make random bytes")
    return output
  }
}
