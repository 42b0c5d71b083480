package import Bytes
import Cryptography

/// A text and the signatures under it. Unverified until `verified(by:)` has been asked.
///
/// Shape: text ending in a newline, an empty line, one or more signature lines; UTF-8 without control characters. The last
/// empty line divides. At most 64 KiB and 64 signatures. Spec: C2SP signed-note, "Format".
package struct SignedNote: Equatable, Sendable {
  package static let limitBytes = 1 << 16
  package static let limitSignatures = 64

  /// Ends in a newline.
  package let text: String
  package private(set) var signatures: [NoteSignature]

  package init(parsing bytes: [UInt8]) throws(NoteError) {
    guard bytes.count <= Self.limitBytes else { throw .malformed(ParseError("note", .tooLong)) }
    guard let divider = Self.lastEmptyLine(bytes) else { throw .malformed(ParseError("note", .truncated)) }
    guard bytes.last == 0x0A, divider + 2 < bytes.count else { throw .malformed(ParseError("note", .truncated)) }
    text = try Self.checkedText(bytes[...divider])
    let lines = bytes[(divider + 2)...].dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count <= Self.limitSignatures else { throw .malformed(ParseError("note.signatures", .tooLong)) }
    var signatures: [NoteSignature] = []
    for line in lines { signatures.append(try NoteSignature(parsing: line)) }
    self.signatures = signatures
  }

  private init(text: String, signatures: [NoteSignature]) {
    self.text = text
    self.signatures = signatures
  }

  package static func sign(_ text: String, by signers: [NoteSigner]) throws(NoteError) -> SignedNote {
    _ = try checkedText(Array(text.utf8)[...])
    return SignedNote(text: text, signatures: signers.map { $0.sign(text) })
  }

  /// Adds one more line; a line that is there already is not repeated.
  package mutating func appendSignature(_ signature: NoteSignature) throws(NoteError) {
    guard !signatures.contains(signature) else { return }
    guard signatures.count < Self.limitSignatures else { throw .malformed(ParseError("note.signatures", .tooLong)) }
    signatures.append(signature)
  }

  package var bytes: [UInt8] { Array((text + "\n" + signatures.map(\.line).joined()).utf8) }

  /// Names of the known keys that signed, each once.
  /// - Throws: `.badSignature` when any known key's signature is wrong, `.noKnownSignature` when there is none.
  package func verified(by keys: [NoteVerifierKey]) throws(NoteError) -> [String] {
    var names: [String] = []
    for signature in try verifiedSignatures(by: keys) where !names.contains(signature.key.name) {
      names.append(signature.key.name)
    }
    return names
  }

  /// The signatures of known keys, each checked. Lines of unknown keys are passed over, even where they share a name or
  /// an ID (not both) with a known one.
  package func verifiedSignatures(by keys: [NoteVerifierKey]) throws(NoteError) -> [VerifiedNoteSignature] {
    var verified: [VerifiedNoteSignature] = []
    for signature in signatures {
      for key in keys where key.signed(signature) { verified.append(try key.verify(signature, of: text)) }
    }
    guard !verified.isEmpty else { throw .noKnownSignature }
    return verified
  }

  /// Index of the newline that ends the text before the last empty line.
  private static func lastEmptyLine(_ bytes: [UInt8]) -> Int? {
    var index = bytes.count - 2
    while index >= 0 {
      if bytes[index] == 0x0A && bytes[index + 1] == 0x0A { return index }
      index -= 1
    }
    return nil
  }

  private static func checkedText(_ bytes: ArraySlice<UInt8>) throws(NoteError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed(ParseError("note", .notUTF8)) }
    guard text.utf8.last == 0x0A else { throw .malformed(ParseError("note", .truncated)) }
    if let control = bytes.firstIndex(where: { $0 < 0x20 && $0 != 0x0A }) {
      throw .malformed(ParseError("note", .unexpected, at: control))
    }
    return text
  }
}

/// A signature that was checked against a key that we hold.
package struct VerifiedNoteSignature: Equatable, Sendable {
  package let key: NoteVerifierKey
  /// When the witness says it saw the text; `nil` for a plain signature.
  package let time: Timestamp?
}
