import Cryptography

/// One secret that several closures may look at; erased with its last owner.
final class SharedSecret: Sendable {
  private let secret: SecretBytes

  init(_ secret: consuming SecretBytes) { self.secret = secret }

  func withSecret<Result, E: Error>(_ body: (borrowing SecretBytes) throws(E) -> Result) throws(E) -> Result {
    try body(secret)
  }
}
