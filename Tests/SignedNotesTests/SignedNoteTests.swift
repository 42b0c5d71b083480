import Bytes
import Cryptography
import SignedNotes
import Testing

struct SignedNoteTests {
  @Test func aLogAndItsWitnessAreRecognised() throws {
    let note = try SignedNote(parsing: Vector.note)
    #expect(note.text == Vector.text)
    #expect(try note.verified(by: Vector.keys) == ["vouchsafe.test/log", "witness.test/w1"])
    #expect(try note.verifiedSignatures(by: Vector.keys).map(\.time) == [nil, 1_700_000_000])
  }

  @Test func signingGivesTheBytesOfTheVector() throws {
    let log = try signer("vouchsafe.test/log", 0x00)
    let witness = try NoteCosigner(name: "witness.test/w1", key: key(from: 0x20))
    #expect(log.verifierKey.text == Vector.logKey)
    #expect(witness.verifierKey.text == Vector.witnessKey)
    var note = try SignedNote.sign(Vector.text, by: [log])
    try note.appendSignature(witness.cosign(Vector.text, at: 1_700_000_000))
    try note.appendSignature(witness.cosign(Vector.text, at: 1_700_000_000))
    #expect(note.bytes == Vector.note)
  }

  /// The example of Go's sumdb/note package.
  @Test func aNoteOfAnotherImplementationVerifies() throws {
    let text = """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.

      — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=

      """
    let key = try NoteVerifierKey(vkey: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    #expect(try SignedNote(parsing: utf8(text)).verified(by: [key]) == ["PeterNeumann"])
  }

  @Test func parsingAndWritingAreInverse() throws {
    #expect(try SignedNote(parsing: Vector.note).bytes == Vector.note)
  }

  @Test func everyProperPrefixThatDropsSomethingIsRefused() throws {
    let whole = Vector.note
    let firstLineEnds = whole.count - utf8(Vector.witnessLine).count
    for length in 0..<whole.count where length != firstLineEnds {
      #expect(throws: NoteError.self) { try SignedNote(parsing: Array(whole[..<length])) }
    }
  }

  @Test func everyFlippedBitIsRefusedOrTakesASignatureAway() throws {
    let keys = try Vector.keys
    try #require(SignedNote(parsing: Vector.note).verified(by: keys).count == 2)
    for index in Vector.note.indices {
      for bit in 0..<8 {
        var bytes = Vector.note
        bytes[index] ^= 1 << bit
        let names = try? SignedNote(parsing: bytes).verified(by: keys)
        #expect((names?.count ?? 0) < 2, "byte \(index) bit \(bit)")
      }
    }
  }

  @Test func aKnownKeysBadSignatureRefusesTheWholeNote() throws {
    let keys = try Vector.keys
    var note = try SignedNote(parsing: Vector.note)
    let log = note.signatures[0]
    try note.appendSignature(NoteSignature(name: log.name, keyID: log.keyID, bytes: Array(log.bytes.reversed())))
    #expect(throws: NoteError.badSignature) { try note.verified(by: keys) }
    try #expect(note.verified(by: [keys[1]]) == ["witness.test/w1"])
  }

  @Test func aCosignatureHoldsForItsTimeOnly() throws {
    var note = try SignedNote(parsing: Vector.note)
    var bytes = note.signatures[1].bytes
    bytes[7] ^= 1
    try note.appendSignature(NoteSignature(name: "witness.test/w1", keyID: note.signatures[1].keyID, bytes: bytes))
    #expect(throws: NoteError.badSignature) { try note.verified(by: Vector.keys) }
  }

  @Test func unknownSignersArePassedOver() throws {
    let stranger = try signer("vouchsafe.test/log", 0x40)
    let known = try Vector.keys
    let note = try SignedNote.sign(Vector.text, by: [stranger])
    #expect(throws: NoteError.noKnownSignature) { try note.verified(by: known) }
    var both = try SignedNote(parsing: Vector.note)
    try both.appendSignature(stranger.sign(Vector.text))
    #expect(try both.verified(by: known).count == 2)
    #expect(throws: NoteError.noKnownSignature) { try both.verified(by: []) }
  }

  @Test func anotherSpellingOfAKnownNameIsAnotherName() throws {
    let composed = try signer("caf\u{E9}.test", 0)
    let signature = composed.sign("text\n")
    var note = try SignedNote.sign("text\n", by: [])
    try note.appendSignature(NoteSignature(name: "cafe\u{301}.test", keyID: signature.keyID, bytes: signature.bytes))
    #expect(throws: NoteError.noKnownSignature) { try note.verified(by: [composed.verifierKey]) }
  }

  @Test func aPlainSignatureIsNoCosignature() throws {
    let cosigner = try NoteCosigner(name: "a", key: key(from: 0))
    let plain = try signer("a", 0).sign("text\n")
    var note = try SignedNote.sign("text\n", by: [])
    try note.appendSignature(NoteSignature(name: "a", keyID: cosigner.verifierKey.keyID, bytes: plain.bytes))
    #expect(throws: NoteError.badSignature) { try note.verified(by: [cosigner.verifierKey]) }
  }

  @Test func theTextEndsAtTheLastEmptyLine() throws {
    let signer = try signer("a", 0)
    let note = try SignedNote.sign("one\n\ntwo\n", by: [signer])
    #expect(try SignedNote(parsing: note.bytes).text == "one\n\ntwo\n")
    #expect(throws: NoteError.self) { try SignedNote(parsing: note.bytes + [0x0A]) }
    #expect(throws: NoteError.self) { try SignedNote(parsing: note.bytes + utf8("x\n")) }
  }

  @Test(arguments: ["no newline", "tab\there\n", "bell\u{7}\n", "carriage\r\n"])
  func aTextThatANoteCannotHoldIsNotSigned(_ text: String) throws {
    let signer = try signer("a", 0)
    #expect(throws: NoteError.self) { try SignedNote.sign(text, by: [signer]) }
    let line = signer.sign(text).line
    #expect(throws: NoteError.self) { try SignedNote(parsing: utf8(text + "\n" + line)) }
  }

  @Test func bytesThatAreNotUTF8AreRefused() throws {
    let line = utf8(try signer("a", 0).sign("x\n").line)
    #expect(throws: NoteError.malformed(ParseError("note", .notUTF8))) {
      try SignedNote(parsing: [0xFF, 0x0A, 0x0A] + line)
    }
  }

  @Test(arguments: [
    "- a AAAAAAA=\n", "— a  AAAAAAA=\n", "— AAAAAAA=\n", "— a AAAAAA==\n", "— a AAAAAAB=\n", "— a AAAAAAA\n",
    "— a AAAAAAA=", "— a AAAAAAA= \n", "— a+b AAAAAAA=\n", "— a\u{A0}b AAAAAAA=\n", "—  AAAAAAA=\n", "\n",
  ])
  func aMalformedSignatureLineIsRefused(_ line: String) {
    #expect(throws: NoteError.self) { try SignedNote(parsing: utf8("x\n\n" + line)) }
  }

  @Test func sizeAndSignatureCountAreBounded() throws {
    let line = try signer("a", 0).sign("x\n").line
    let many = { (count: Int) in utf8("x\n\n" + String(repeating: line, count: count)) }
    #expect(try SignedNote(parsing: many(64)).signatures.count == 64)
    #expect(throws: NoteError.malformed(ParseError("note.signatures", .tooLong))) { try SignedNote(parsing: many(65)) }
    let long = String(repeating: "y", count: SignedNote.limitBytes) + "\n\n" + line
    #expect(throws: NoteError.malformed(ParseError("note", .tooLong))) { try SignedNote(parsing: utf8(long)) }
    var full = try SignedNote(parsing: many(64))
    #expect(throws: NoteError.self) { try full.appendSignature(NoteSignature(name: "b", keyID: 1, bytes: [1])) }
  }
}
