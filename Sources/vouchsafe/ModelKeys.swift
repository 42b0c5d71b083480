import Bytes
import Cryptography
import Platform
import SignedNotes
import Terminal
import Weights

/// The key files of a model: its own, and the provider's who signs for it.
enum ModelKeys {
  static func read(_ path: String) throws(Failure) -> ModelKey {
    let secret = try readSecret(path)
    do throws(WeightsError) { return try ModelKey(secret) } catch { throw Failure(error.exit, "\(path): \(error)") }
  }

  /// 32 raw bytes.
  static func readSecret(_ path: String) throws(Failure) -> SecretBytes {
    var bytes: [UInt8]
    do throws(PlatformError) {
      bytes = try SmallFile.read(path, limitBytes: ModelKey.byteCount + 1)
    } catch .tooLong {
      throw Failure(.malformed, "\(path): a model key has \(ModelKey.byteCount) raw bytes")
    } catch {
      throw Failure(.usage, "\(path): \(error)")
    }
    guard bytes.count == ModelKey.byteCount else {
      throw Failure(.malformed, "\(path): a model key has \(ModelKey.byteCount) raw bytes")
    }
    return SecretBytes(erasing: &bytes)
  }

  /// The key in the file; a fresh one, and the file, when there is none.
  static func readOrMake(_ path: String) throws(Failure) -> ModelKey {
    guard !SmallFile.exists(path) else { return try read(path) }
    let key = try modelStep(path) { () throws(WeightsError) in try ModelKey(.random(count: ModelKey.byteCount)) }
    var bytes = key.withBytes { span in unsafe span.withUnsafeBytes { unsafe Array($0) } }
    defer { erase(&bytes) }
    try create(path, bytes)
    Console.note("made the model's key: \(path)")
    return key
  }

  /// The provider's key in a file made by `key create --purpose provider`.
  static func readSigner(_ path: String) throws(Failure) -> NoteSigner {
    let file = try KeyFile(reading: path)
    guard file.purpose == .provider, let signer = try? file.signer() else {
      throw Failure(.malformed, "\(path): not a signing key of purpose \(KeyFile.Purpose.provider.rawValue)")
    }
    return signer
  }

  /// The signer for a model without one: made beside its key, and found there the next time.
  static func readOrMakeSigner(beside keyPath: String, model: String) throws(Failure) -> NoteSigner {
    let path = "\(keyPath).provider.key"
    guard !SmallFile.exists(path) else { return try readSigner(path) }
    // A signer's name may not have the sign that divides a verifier key.
    let name = "provider/" + model.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "-")
    let file = KeyFile(purpose: .provider, name: name, key: .random())
    guard let signer = try? file.signer() else {
      throw Failure(.usage, "\(model): give --sign-key, this name cannot be a signer's")
    }
    try file.write(to: path)
    try create("\(keyPath).provider.vkey", Array((signer.verifierKey.text + "\n").utf8), mode: 0o644)
    Console.note("made a provider key: \(path) (give \(keyPath).provider.vkey to those who verify)")
    return signer
  }

  /// A verifier key given as its text or as a file of it.
  static func readVerifier(_ argument: String) throws(Failure) -> NoteVerifierKey {
    if let key = try? NoteVerifierKey(vkey: argument) { return key }
    var bytes: [UInt8]
    do throws(PlatformError) {
      bytes = try SmallFile.read(argument, limitBytes: 4096)
    } catch {
      throw Failure(.usage, "--verify-key \(argument): \(error)")
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    guard let key = try? NoteVerifierKey(vkey: String(decoding: bytes, as: UTF8.self)), key.algorithm == .ed25519 else {
      throw Failure(.malformed, "--verify-key \(argument): not a verifier key")
    }
    return key
  }

  private static func create(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(Failure) {
    do throws(PlatformError) {
      try SmallFile.create(path, bytes, mode: mode)
    } catch {
      throw Failure(.usage, "\(path): \(error)")
    }
  }

  private static func erase(_ bytes: inout [UInt8]) { _ = SecretBytes(erasing: &bytes) }
}
