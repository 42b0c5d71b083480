import Bytes
import Cryptography
import Platform
import SignedNotes
import Terminal

/// A signing key in a file of mode 0600: one line, `vouchsafe-key+<purpose>+<name>+<base64 of the 32-byte seed>`.
struct KeyFile {
  enum Purpose: String, CaseIterable { case approver, provider, witness, backup }

  private static let mark = "vouchsafe-key"
  private static let limitBytes = 1024

  let purpose: Purpose
  let name: String
  let key: Ed25519PrivateKey

  init(purpose: Purpose, name: String, key: Ed25519PrivateKey) {
    self.purpose = purpose
    self.name = name
    self.key = key
  }

  init(reading path: String) throws(Failure) {
    var bytes: [UInt8]
    do throws(PlatformError) {
      bytes = try SmallFile.read(path, limitBytes: Self.limitBytes)
    } catch { throw Failure(.usage, "cannot read the key \(path): \(error)") }
    defer { Self.erase(&bytes) }
    guard let file = KeyFile(parsing: bytes) else {
      throw Failure(.malformed, "\(path): not a key file of vouchsafe key create")
    }
    self = file
  }

  init?(parsing bytes: [UInt8]) {
    let line = bytes.last == 0x0A ? bytes.dropLast() : bytes[...]
    let parts = line.split(separator: UInt8(ascii: "+"), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].elementsEqual(Self.mark.utf8),
      let purpose = Purpose(rawValue: String(decoding: parts[1], as: UTF8.self)),
      var seed = try? Base64.decode(Array(parts[3]), .standard, "seed"), seed.count == 32,
      let key = try? Ed25519PrivateKey(seed: SecretBytes(erasing: &seed))
    else { return nil }
    self.init(purpose: purpose, name: String(decoding: parts[2], as: UTF8.self), key: key)
    guard (try? verifierKey()) != nil else { return nil }
  }

  /// What others need to check its signatures.
  func verifierKey() throws(NoteError) -> NoteVerifierKey {
    try NoteVerifierKey(
      name: name, algorithm: purpose == .witness ? .cosignature : .ed25519, publicKey: key.publicKey)
  }

  func signer() throws(NoteError) -> NoteSigner { try NoteSigner(name: name, key: key) }

  /// Makes the private file, which must be new.
  func write(to path: String) throws(Failure) {
    var line = key.withSeed { span in
      let seed = unsafe span.withUnsafeBytes { unsafe Base64.encode($0) }
      return Array("\(Self.mark)+\(purpose.rawValue)+\(name)+\(seed)\n".utf8)
    }
    defer { Self.erase(&line) }
    do throws(PlatformError) {
      try SmallFile.create(path, line)
    } catch { throw Failure(.usage, "cannot write \(path): \(error)") }
  }

  private static func erase(_ bytes: inout [UInt8]) { _ = SecretBytes(erasing: &bytes) }
}
