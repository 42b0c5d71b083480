import Bytes
import Cryptography
import SignedNotes
import Testing
import TransparencyLog

struct TlogProofTests {
  private func proof() throws -> TlogProof {
    TlogProof(
      entry: utf8("entry 2"), index: 2, path: try Vector.inclusion2of7.map { try hash($0) },
      checkpoint: utf8(Vector.checkpoint7))
  }

  private func logKey() throws -> NoteVerifierKey { try NoteVerifierKey(vkey: Vector.logKey) }

  @Test func theFileIsThatOfTheSpecification() throws {
    let text = """
      c2sp.org/tlog-proof@v1
      extra \(Base64.encode(utf8("entry 2")))
      index 2
      \(Vector.inclusion2of7.joined(separator: "\n"))

      \(Vector.checkpoint7)
      """
    #expect(try proof().bytes == utf8(text))
    #expect(try TlogProof(parsing: utf8(text)) == proof())
  }

  @Test func itShowsItsEntry() throws {
    let (entry, checkpoint) = try proof().verify(by: logKey())
    #expect(entry == utf8("entry 2"))
    #expect(checkpoint.size == 7)
    #expect(throws: LogError.proofInvalid) { try proof().verify(by: logKey(), entry: utf8("entry 3")) }
    let bare = TlogProof(entry: nil, index: 2, path: try proof().path, checkpoint: try proof().checkpoint)
    #expect(try TlogProof(parsing: bare.bytes) == bare)
    #expect(throws: LogError.proofInvalid) { try bare.verify(by: logKey()) }
    #expect(try bare.verify(by: logKey(), entry: utf8("entry 2")).entry == utf8("entry 2"))
  }

  @Test func aProofOfTheFirstEntryHasNoPath() throws {
    var tree = PlainTree(entries(0..<1))
    let checkpoint = Checkpoint(origin: "vouchsafe.test/log", size: 1, root: try tree.root(size: 1))
    let only = TlogProof(
      entry: utf8("entry 0"), index: 0, path: [], checkpoint: try checkpoint.signed(by: logSigner()))
    #expect(try TlogProof(parsing: only.bytes).verify(by: logKey()).entry == utf8("entry 0"))
  }

  @Test func anotherLogsKeyRefusesIt() throws {
    let other = try NoteVerifierKey(name: "vouchsafe.test/log", publicKey: key(from: 1).publicKey)
    #expect(throws: LogError.note(.noKnownSignature)) { try proof().verify(by: other) }
  }

  @Test func everyProperPrefixIsRefused() throws {
    let bytes = try proof().bytes
    for length in bytes.indices { #expect(throws: LogError.self) { try TlogProof(parsing: Array(bytes[..<length])) } }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let bytes = try proof().bytes
    let key = try logKey()
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << bit
        #expect(throws: LogError.self) { try TlogProof(parsing: changed).verify(by: key) }
      }
    }
  }

  @Test func theFileHasOneForm() throws {
    let text = String(decoding: try proof().bytes, as: UTF8.self)
    for (what, with) in [
      ("index 2", "index 02"), ("index 2", "index +2"), ("index 2", "index  2"), ("index 2", "Index 2"),
      ("@v1", "@v2"), ("extra ", "extra  "), ("index 2\n", "index 2\n\n"), ("index 2\n", ""), ("c2sp", "\nc2sp"),
      ("index 2", "extra AAAA\nindex 2"),
    ] {
      #expect(throws: LogError.self, "\(with)") { try TlogProof(parsing: utf8(text.replacing(what, with: with))) }
    }
    let deep = TlogProof(
      entry: nil, index: 0, path: Array(repeating: .emptyTree, count: 65), checkpoint: utf8(Vector.checkpoint7))
    #expect(throws: LogError.malformed(ParseError("proof.path", .tooLong))) { try TlogProof(parsing: deep.bytes) }
    let long = [UInt8](repeating: 0x0A, count: TlogProof.limitBytes + 1)
    #expect(throws: LogError.malformed(ParseError("proof", .tooLong))) { try TlogProof(parsing: long) }
  }
}
