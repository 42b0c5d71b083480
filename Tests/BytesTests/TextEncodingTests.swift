import Bytes
import TestSupport
import Testing

struct HexTests {
  @Test func hexIsWrittenInLowerCaseAndReadInEither() throws {
    #expect(Hex.encode([0x00, 0xAB, 0xFF]) == "00abff")
    #expect(try Hex.decode("00abFF", "hex") == [0x00, 0xAB, 0xFF])
    #expect(try Hex.decode("", "hex") == [])
  }

  @Test func oddLengthsAndForeignCharactersAreRefused() {
    #expect(throws: ParseError("hex", .truncated, at: 3)) { try Hex.decode("abc", "hex") }
    for text in ["0g", "g0", "0x", "+1", " 1", "é"] {
      #expect(throws: ParseError("hex", .unexpected, at: 0)) { try Hex.decode(text, "hex") }
    }
  }

  @Test func hexRoundTrips() throws {
    var random = SeededGenerator(seed: 2)
    for count in 0..<100 {
      let bytes = random.bytes(count)
      #expect(try Hex.decode(Hex.encode(bytes), "hex") == bytes)
    }
  }
}

struct Base64Tests {
  /// RFC 4648 §10.
  private let vectors = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ]

  @Test func theVectorsOfTheRFCHold() throws {
    for (plain, text) in vectors {
      #expect(Base64.encode(Array(plain.utf8)) == text)
      #expect(try Base64.decode(text, .standard, "b64") == Array(plain.utf8))
      let unpadded = text.filter { $0 != "=" }
      #expect(Base64.url(Array(plain.utf8)) == unpadded)
      #expect(try Base64.decodeURL(unpadded, "b64") == Array(plain.utf8))
    }
  }

  @Test func theTwoAlphabetsAreNotMixed() throws {
    #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
    #expect(Base64.url([0xFB, 0xFF]) == "-_8")
    #expect(throws: ParseError("b64", .unexpected, at: 0)) { try Base64.decode("-_8=", .standard, "b64") }
    #expect(throws: ParseError("b64", .unexpected, at: 0)) { try Base64.decodeURL("+/8", "b64") }
  }

  @Test func padBitsMustBeZero() {
    #expect(throws: ParseError("b64", .notCanonical, at: 2)) { try Base64.decode("YR==", .standard, "b64") }
    #expect(throws: ParseError("b64", .notCanonical, at: 3)) { try Base64.decode("Zm9=", .standard, "b64") }
    #expect(throws: ParseError("b64", .notCanonical, at: 2)) { try Base64.decodeURL("YR", "b64") }
  }

  @Test func paddingIsWhatWasAskedFor() throws {
    #expect(throws: ParseError("b64", .notCanonical, at: 2)) { try Base64.decode("Zg", .standard, "b64") }
    #expect(throws: ParseError("b64", .notCanonical, at: 2)) { try Base64.decode("Zg=", .standard, "b64") }
    #expect(throws: ParseError("b64", .notCanonical, at: 2)) { try Base64.decodeURL("Zg==", "b64") }
    #expect(try Base64.decode("Zg", .standard, padding: .optional, "b64") == [0x66])
    #expect(try Base64.decode("Zg==", .standard, padding: .optional, "b64") == [0x66])
    #expect(throws: ParseError("b64", .notCanonical, at: 2)) {
      try Base64.decode("Zg=", .standard, padding: .optional, "b64")
    }
  }

  @Test(arguments: [
    "=", "==", "===", "====", "Zg===", "Z===", "Zm=v", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm9vZ", "Zm9vA", "A", "Zm9\u{0}",
  ])
  func nothingElseIsBase64(_ text: String) {
    for padding in [Base64.Padding.required, .forbidden, .optional] {
      #expect(throws: ParseError.self) { try Base64.decode(text, .standard, padding: padding, "b64") }
    }
  }

  @Test func oneTextStandsForOneByteString() throws {
    var random = SeededGenerator(seed: 3)
    for count in 0..<100 {
      let bytes = random.bytes(count)
      #expect(try Base64.decode(Base64.encode(bytes), .standard, "b64") == bytes)
      #expect(try Base64.decodeURL(Base64.url(bytes), "b64") == bytes)
    }
    // Every text of four characters either is refused or is what its bytes encode to.
    let alphabet = Array("ABQgwZ/+=-".utf8)
    for index in 0..<10_000 {
      let text = [1000, 100, 10, 1].map { alphabet[index / $0 % 10] }
      guard let bytes = try? Base64.decode(text, .standard, "b64") else { continue }
      #expect(Base64.encode(bytes) == String(decoding: text, as: UTF8.self))
    }
  }
}
