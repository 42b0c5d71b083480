import Bytes
import SignedNotes
import Testing
import TransparencyLog

struct TilePathTests {
  @Test(
    arguments: [
      (TilePath(.hashes(level: 0), index: 0), "tile/0/000"),
      (TilePath(.hashes(level: 3), index: 1_234_067, width: 17), "tile/3/x001/x234/067.p/17"),
      (TilePath(.hashes(level: 63), index: 999, width: 255), "tile/63/999.p/255"),
      (TilePath(.entries, index: 1000), "tile/entries/x001/000"),
      (TilePath(.entries, index: 70_000_000_000, width: 1), "tile/entries/x070/x000/x000/000.p/1"),
    ] as [(TilePath, String)])
  func pathsAreThoseOfTheSpecification(_ tile: TilePath, _ path: String) {
    #expect(tile.path == path)
    #expect(TilePath(path) == tile)
  }

  @Test func everyOtherSpellingIsRefused() {
    let refused = [
      "", "tile", "tile/0", "tile/0/", "tile//000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
      "tile/64/000",
      "tile/-1/000", "tile/+1/000", "tile/0/x000/000", "tile/0/001/000", "tile/0/x001", "tile/0/x001/x000",
      "tile/0/1000",
      "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1",
      "tile/0/000/1", "tile/0/000.p/1/2", "tile/0/000/", "/tile/0/000", "tile/0/../000", "tile/0/xx01/000",
      "Tile/0/000",
      "tile/0/000.p.p/1", "tile/data/000", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/٠٠٠", "checkpoint",
    ]
    for path in refused { #expect(TilePath(path) == nil, "\(path)") }
  }

  @Test func everyFlippedBitNamesNothingOrAnotherTile() throws {
    let path = "tile/3/x001/x234/067.p/17"
    let tile = try #require(TilePath(path))
    for index in utf8(path).indices {
      for bit in 0..<8 {
        var bytes = utf8(path)
        bytes[index] ^= 1 << bit
        #expect(TilePath(String(decoding: bytes, as: UTF8.self)) != tile)
      }
    }
  }
}

struct EntryBundleTests {
  private let bundle = EntryBundle.encode([utf8("one"), [], utf8("three")])

  @Test func theBytesAreLengthsAndEntries() throws {
    #expect(bundle == [0, 3] + utf8("one") + [0, 0] + [0, 5] + utf8("three"))
    #expect(try EntryBundle.decode(bundle) == [utf8("one"), [], utf8("three")])
    #expect(try EntryBundle.decode([]) == [])
    let longest = [UInt8](repeating: 7, count: EntryBundle.limitEntryBytes)
    #expect(try EntryBundle.decode(EntryBundle.encode([longest])) == [longest])
  }

  @Test func aPrefixWithinAnEntryIsRefused() {
    for length in bundle.indices where ![0, 5, 7].contains(length) {
      #expect(throws: ParseError.self) { try EntryBundle.decode(Array(bundle[..<length])) }
    }
    #expect(throws: ParseError.self) { try EntryBundle.decode(bundle + [0]) }
  }

  @Test func moreThan256EntriesAreRefused() throws {
    #expect(try EntryBundle.decode(EntryBundle.encode(entries(0..<256))).count == 256)
    #expect(throws: ParseError.self) { try EntryBundle.decode(EntryBundle.encode(entries(0..<257))) }
  }
}

struct CheckpointTests {
  @Test func theSignedCheckpointIsThatOfTheVectors() throws {
    var tree = PlainTree(entries(0..<7))
    let checkpoint = Checkpoint(origin: "vouchsafe.test/log", size: 7, root: try tree.root(size: 7))
    #expect(try checkpoint.signed(by: logSigner()) == utf8(Vector.checkpoint7))
    let verified = try VerifiedCheckpoint(
      verifying: utf8(Vector.checkpoint7), by: NoteVerifierKey(vkey: Vector.logKey))
    #expect(verified.checkpoint == checkpoint)
    #expect(try Checkpoint(parsing: checkpoint.text) == checkpoint)
  }

  @Test(arguments: [
    "", "\n", "log\n7\n", "log\n7\nROOT", "\n7\nROOT\n", "log\n07\nROOT\n", "log\n+7\nROOT\n", "log\n-7\nROOT\n",
    "log\n 7\nROOT\n", "log\n7\n ROOT\n", "log\n18446744073709551616\nROOT\n", "log\n7\nROOT\nextension\n",
    "log\n7\nROOT\n\n", "log\n7\nAAAA\n", "log\n٧\nROOT\n", "log\n\nROOT\n", "log\n7\nROOT\r\n",
  ])
  func aTextThatIsNoCheckpointIsRefused(_ text: String) {
    let whole = text.replacing("ROOT", with: Vector.roots[0].root)
    #expect(throws: LogError.self) { try Checkpoint(parsing: whole) }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let key = try NoteVerifierKey(vkey: Vector.logKey)
    for index in utf8(Vector.checkpoint7).indices {
      for bit in 0..<8 {
        var bytes = utf8(Vector.checkpoint7)
        bytes[index] ^= 1 << bit
        #expect(throws: LogError.self) { try VerifiedCheckpoint(verifying: bytes, by: key) }
      }
    }
  }

  @Test func aKeyVouchesForItsOwnLogOnly() throws {
    let other = Checkpoint(origin: "other.test/log", size: 0, root: .emptyTree)
    let signed = try other.signed(by: logSigner())
    #expect(throws: LogError.originMismatch) {
      try VerifiedCheckpoint(verifying: signed, by: logSigner().verifierKey)
    }
  }

  @Test func witnessesAreCountedWhenTheyAreAskedFor() throws {
    let witness = try NoteCosigner(name: "witness.test/w1", key: key(from: 0x20))
    let policy = try QuorumPolicy(threshold: 1, of: [witness.verifierKey])
    let key = try logSigner().verifierKey
    #expect(throws: LogError.note(.noKnownSignature)) {
      try VerifiedCheckpoint(verifying: utf8(Vector.checkpoint7), by: key, policy: policy)
    }
    var note = try SignedNote(parsing: utf8(Vector.checkpoint7))
    try note.appendSignature(witness.cosign(note.text, at: 1_700_000_000))
    let verified = try VerifiedCheckpoint(verifying: note.bytes, by: key, policy: policy)
    #expect(verified.witnesses == ["witness.test/w1"])
    let onlyWitness = try SignedNote(parsing: note.bytes)
    var stripped = try SignedNote.sign(note.text, by: [])
    try stripped.appendSignature(onlyWitness.signatures[1])
    #expect(throws: LogError.note(.noKnownSignature)) {
      try VerifiedCheckpoint(verifying: stripped.bytes, by: key, policy: policy)
    }
  }
}
