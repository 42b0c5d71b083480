import Bytes
import Cryptography
import SignedNotes
import Testing

struct NoteVerifierKeyTests {
  @Test(arguments: [Vector.logKey, Vector.witnessKey])
  func parsingAndWritingAreInverse(_ text: String) throws {
    #expect(try NoteVerifierKey(vkey: text).text == text)
  }

  @Test(arguments: [Vector.logKey, Vector.witnessKey])
  func everyPrefixAndEveryTrailingByteIsRefused(_ text: String) {
    for length in 0..<text.count {
      #expect(throws: NoteError.self) { try NoteVerifierKey(vkey: String(text.prefix(length))) }
    }
    for more in ["\n", " ", "A", "=", "AAAA"] {
      #expect(throws: NoteError.self) { try NoteVerifierKey(vkey: text + more) }
    }
  }

  @Test func everyChangedCharacterIsRefused() {
    let characters = utf8(Vector.logKey)
    for index in characters.indices {
      var changed = characters
      changed[index] ^= 1
      #expect(throws: NoteError.self) { try NoteVerifierKey(vkey: String(decoding: changed, as: UTF8.self)) }
    }
  }

  @Test func anIDThatTheKeyDoesNotGiveIsRefused() {
    #expect(throws: NoteError.keyIDMismatch) {
      try NoteVerifierKey(vkey: Vector.logKey.replacing("8f6f3a95", with: "8f6f3a96"))
    }
    #expect(throws: NoteError.malformed(ParseError("vkey.id", .notCanonical))) {
      try NoteVerifierKey(vkey: Vector.logKey.replacing("8f6f3a95", with: "8F6F3A95"))
    }
  }

  @Test func typesThatWeDoNotVerifyAreRefusedByName() throws {
    let raw = try key(from: 0).publicKey.raw
    for type: UInt8 in [0, 2, 3, 5, 6, 0xFF] {
      let id = Hash.sha256.digest(utf8("a") + [0x0A, type] + raw).prefix(4)
      let text = "a+\(Hex.encode(id))+\(Base64.encode([type] + raw))"
      #expect(throws: NoteError.unsupportedKeyType) { try NoteVerifierKey(vkey: text) }
    }
  }

  @Test(arguments: ["", "a b", "a+b", "a\u{2003}b", "a\nb", "a\u{85}b", "a\u{1}b"])
  func aNameThatANoteCannotHoldIsRefused(_ name: String) throws {
    let publicKey = try key(from: 0).publicKey
    #expect(throws: NoteError.self) { try NoteVerifierKey(name: name, publicKey: publicKey) }
  }

  @Test func aNameMayHoldAnythingElse() throws {
    let made = try NoteVerifierKey(name: "log.example/ö—#1", publicKey: key(from: 0).publicKey)
    #expect(try NoteVerifierKey(vkey: made.text) == made)
  }
}
