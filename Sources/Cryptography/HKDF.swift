import CCrypto

/// Extract-and-expand key derivation. Spec: RFC 5869.
package enum HKDF {
  /// - Precondition: `count` is at most 255 times the hash's size (8160 bytes for SHA-256).
  package static func sha256(
    _ input: borrowing SecretBytes, salt: [UInt8], info: [UInt8], count: Int
  ) -> SecretBytes {
    derive(.sha256, input, salt: salt, info: info, count: count)
  }

  package static func derive(
    _ hash: Hash, _ input: borrowing SecretBytes, salt: [UInt8], info: [UInt8], count: Int
  ) -> SecretBytes {
    precondition(count <= 255 * hash.byteCount, "HKDF output is limited to 255 blocks")
    let inputCount = input.count
    return SecretBytes.make(count: count) { span in
      unsafe span.withUnsafeMutableBytes { target in
        let output = target.baseAddress
        unsafe input.withPointer {
          must(
            unsafe cc_hkdf(
              hash.number, $0, inputCount, salt, salt.count, info, info.count, output, count), "derive a key")
        }
      }
    }
  }
}
