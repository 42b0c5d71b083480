import Bytes
package import Cryptography

/// How a key signs notes. The raw value is the type byte of C2SP signed-note.
package enum NoteAlgorithm: UInt8, Sendable {
  /// Ed25519 over the text.
  case ed25519 = 0x01
  /// A witness's Ed25519 over a time and the text. Spec: C2SP tlog-cosignature.
  case cosignature = 0x04
}

/// A public key that may sign notes, with the name it signs under. Vouched for by whoever configured it.
///
/// Shape of the text: `<name>+<key ID, 8 hex digits>+<base64(type ‖ 32-byte key)>`. Spec: C2SP signed-note, "Verifier keys".
package struct NoteVerifierKey: Hashable, Sendable {
  package let name: String
  package let algorithm: NoteAlgorithm
  package let publicKey: Ed25519PublicKey
  /// First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key), big-endian.
  package let keyID: UInt32

  /// - Throws: `.malformed` when the name is empty or holds a space, a control character or `+`.
  package init(name: String, algorithm: NoteAlgorithm = .ed25519, publicKey: Ed25519PublicKey) throws(NoteError) {
    try Self.check(name: name)
    self.name = name
    self.algorithm = algorithm
    self.publicKey = publicKey
    keyID = Self.keyID(name: name, algorithm: algorithm, publicKey: publicKey)
  }

  /// Reads the text form; nothing may stand before or after it.
  package init(vkey text: String) throws(NoteError) {
    let parts = text.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed(ParseError("vkey", .truncated)) }
    let hex = String(decoding: parts[1], as: UTF8.self)
    let body = try Self.field { () throws(ParseError) in try Base64.decode(Array(parts[2]), .standard, "vkey.key") }
    let id = try Self.field { () throws(ParseError) in try Hex.decode(hex, "vkey.id") }
    guard id.count == 4, Hex.encode(id) == hex else { throw .malformed(ParseError("vkey.id", .notCanonical)) }
    guard let type = body.first else { throw .malformed(ParseError("vkey.key", .truncated)) }
    guard let algorithm = NoteAlgorithm(rawValue: type) else { throw .unsupportedKeyType }
    guard let publicKey = try? Ed25519PublicKey(raw: Array(body.dropFirst())) else { throw .badPublicKey }
    try self.init(name: String(decoding: parts[0], as: UTF8.self), algorithm: algorithm, publicKey: publicKey)
    guard id == keyIDBytes else { throw .keyIDMismatch }
  }

  package var text: String {
    "\(name)+\(Hex.encode(keyIDBytes))+\(Base64.encode([algorithm.rawValue] + publicKey.raw))"
  }

  package var keyIDBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: keyID >> (24 - 8 * $0)) } }

  /// The signature line names this key. Names are compared byte by byte: Swift's `==` would equate other spellings.
  func signed(_ signature: NoteSignature) -> Bool {
    signature.keyID == keyID && signature.name.utf8.elementsEqual(name.utf8)
  }

  static func check(name: String) throws(NoteError) {
    guard !name.isEmpty else { throw .malformed(ParseError("name", .missing)) }
    let isClean = name.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "+" && !$0.properties.isWhitespace }
    guard isClean else { throw .malformed(ParseError("name", .unexpected)) }
  }

  private static func keyID(name: String, algorithm: NoteAlgorithm, publicKey: Ed25519PublicKey) -> UInt32 {
    let digest = Hash.sha256.digest(Array(name.utf8) + [0x0A, algorithm.rawValue] + publicKey.raw)
    return digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func field<T>(_ read: () throws(ParseError) -> T) throws(NoteError) -> T {
    do throws(ParseError) { return try read() } catch { throw .malformed(error) }
  }
}
