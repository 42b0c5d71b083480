package import Bytes
package import Cryptography

/// A private key with the name it signs notes under.
package struct NoteSigner: Sendable {
  package let verifierKey: NoteVerifierKey
  private let key: Ed25519PrivateKey

  package init(name: String, key: Ed25519PrivateKey) throws(NoteError) {
    verifierKey = try NoteVerifierKey(name: name, algorithm: .ed25519, publicKey: key.publicKey)
    self.key = key
  }

  package var name: String { verifierKey.name }

  package func sign(_ text: String) -> NoteSignature {
    NoteSignature(name: name, keyID: verifierKey.keyID, bytes: key.sign(Array(text.utf8)))
  }
}

/// A witness: signs that it saw a checkpoint at a time, and that it saw no other history. Spec: C2SP tlog-cosignature.
package struct NoteCosigner: Sendable {
  package let verifierKey: NoteVerifierKey
  private let key: Ed25519PrivateKey

  package init(name: String, key: Ed25519PrivateKey) throws(NoteError) {
    verifierKey = try NoteVerifierKey(name: name, algorithm: .cosignature, publicKey: key.publicKey)
    self.key = key
  }

  package func cosign(_ text: String, at time: Timestamp) -> NoteSignature {
    let seconds = UInt64(max(0, time.seconds))
    var body = ByteWriter(reserving: 72)
    body.bigEndian(seconds)
    body.append(key.sign(NoteVerifierKey.cosignedBytes(text, seconds: seconds)))
    return NoteSignature(name: verifierKey.name, keyID: verifierKey.keyID, bytes: body.bytes)
  }
}

extension NoteVerifierKey {
  static func cosignedBytes(_ text: String, seconds: UInt64) -> [UInt8] {
    Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8)
  }

  /// - Throws: `.badSignature`; nothing else.
  func verify(_ signature: NoteSignature, of text: String) throws(NoteError) -> VerifiedNoteSignature {
    switch algorithm {
    case .ed25519:
      guard publicKey.isValid(signature.bytes, for: Array(text.utf8)) else { throw .badSignature }
      return VerifiedNoteSignature(key: self, time: nil)
    case .cosignature:
      var cursor = ByteCursor(signature.bytes)
      guard let seconds = try? cursor.bigEndian("cosignature.time", as: UInt64.self),
        let signed = Int64(exactly: seconds),
        publicKey.isValid(Array(cursor.rest()), for: Self.cosignedBytes(text, seconds: seconds))
      else { throw .badSignature }
      return VerifiedNoteSignature(key: self, time: Timestamp(seconds: signed))
    }
  }
}
