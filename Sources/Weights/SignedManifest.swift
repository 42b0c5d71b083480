import Bytes
import Cryptography
package import SignedNotes

/// The provider's signature over a manifest.
///
/// Shape of the note's text: four lines, `vouchsafe/weights/v1`, the model, the version, and the SHA-256 of the manifest's
/// bytes in hexadecimal. Spec: C2SP signed-note.
package enum SignedManifest {
  package static func sign(_ manifest: Manifest, by signer: NoteSigner) throws(NoteError) -> [UInt8] {
    try SignedNote.sign(text(manifest.identity, manifestBytes: manifest.bytes), by: [signer]).bytes
  }

  /// Reads a manifest that `key` signed; the signature and the digest are checked before its first field is read.
  /// - Throws: `.signature`, `.manifestMismatch`, and what `Manifest(parsing:)` throws.
  package static func verify(
    manifest bytes: [UInt8], note: [UInt8], by key: NoteVerifierKey
  ) throws(WeightsError) -> Manifest {
    let text: String
    do throws(NoteError) {
      let signed = try SignedNote(parsing: note)
      _ = try signed.verified(by: [key])
      text = signed.text
    } catch {
      throw .signature
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, lines[0] == Manifest.format, lines[4].isEmpty,
      lines[3] == Hex.encode(Hash.sha256.digest(bytes))
    else { throw .manifestMismatch }
    let manifest = try Manifest(parsing: bytes)
    guard text == Self.text(manifest.identity, manifestBytes: bytes) else { throw .manifestMismatch }
    return manifest
  }

  private static func text(_ identity: ModelIdentity, manifestBytes: [UInt8]) -> String {
    let digest = Hex.encode(Hash.sha256.digest(manifestBytes))
    return "\(Manifest.format)\n\(identity.model)\n\(identity.version)\n\(digest)\n"
  }
}
