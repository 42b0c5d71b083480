import Bytes
import TestSupport
import Testing

struct ByteCursorTests {
  @Test func fieldsAreReadFrontToBack() throws {
    var cursor = ByteCursor([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07])
    #expect(try cursor.littleEndian("a", as: UInt16.self) == 0x0201)
    #expect(try cursor.bigEndian("b", as: UInt16.self) == 0x0304)
    #expect(try cursor.byte("c") == 5)
    #expect(cursor.offset == 5 && cursor.remaining == 2 && !cursor.isAtEnd)
    #expect(Array(cursor.rest()) == [6, 7])
    #expect(cursor.isAtEnd)
    try cursor.finish("end")
  }

  @Test func aSliceThatDoesNotStartAtZeroIsReadFromItsStart() throws {
    let whole: [UInt8] = [9, 9, 9, 1, 2, 3]
    var cursor = ByteCursor(whole[3...])
    #expect(Array(try cursor.bytes(2, "two")) == [1, 2])
    #expect(cursor.offset == 2)
    #expect(Array(cursor.rest()) == [3])
  }

  @Test func everyShortInputIsRefusedWithItsFieldAndPlace() {
    for count in 0..<8 {
      var cursor = ByteCursor([UInt8](repeating: 1, count: count))
      #expect(throws: ParseError("word", .truncated, at: 0)) { try cursor.littleEndian("word", as: UInt64.self) }
      #expect(throws: ParseError("word", .truncated, at: 0)) { try cursor.bigEndian("word", as: UInt64.self) }
      #expect(throws: ParseError("run", .truncated, at: 0)) { try cursor.bytes(count + 1, "run") }
      #expect(cursor.offset == 0)
    }
  }

  @Test func aNegativeOrHugeCountIsRefused() {
    var cursor = ByteCursor([1, 2, 3])
    #expect(throws: ParseError("n", .truncated, at: 0)) { try cursor.bytes(-1, "n") }
    #expect(throws: ParseError("n", .truncated, at: 0)) { try cursor.bytes(Int.max, "n") }
    _ = try? cursor.byte("skip")
    #expect(throws: ParseError("n", .truncated, at: 1)) { try cursor.bytes(Int.max, "n") }
  }

  @Test func trailingBytesAreRefused() {
    let cursor = ByteCursor([1])
    #expect(throws: ParseError("document", .trailing, at: 0)) { try cursor.finish("document") }
  }

  @Test func aRangeMustLieInsideAndCannotOverflow() throws {
    let cursor = ByteCursor([])
    #expect(try cursor.range(2, count: 3, within: 5, "r") == 2..<5)
    #expect(try cursor.range(5, count: 0, within: 5, "r") == 5..<5)
    let outside: [(UInt64, UInt64)] = [
      (6, 0), (5, 1), (0, 6), (UInt64.max, 1), (1, UInt64.max), (UInt64.max, UInt64.max), (UInt64(Int.max), 1),
    ]
    for (offset, count) in outside {
      #expect(throws: ParseError("r", .outOfRange, at: 0)) {
        try cursor.range(offset, count: count, within: 5, "r")
      }
    }
    #expect(throws: ParseError("r", .outOfRange, at: 0)) { try cursor.range(-1, count: 2, within: 5, "r") }
    #expect(throws: ParseError("r", .outOfRange, at: 0)) { try cursor.range(1, count: -1, within: 5, "r") }
  }

  @Test func aLengthOverItsLimitIsRefusedBeforeTheBytesAreTaken() throws {
    var long = ByteCursor([0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: ParseError("item", .tooLong, at: 0)) { try long.lengthPrefixed("item", limit: 16) }
    var short = ByteCursor([0, 0, 0, 2, 7])
    #expect(throws: ParseError("item", .truncated, at: 4)) { try short.lengthPrefixed("item", limit: 16) }
    var exact = ByteCursor([0, 0, 0, 2, 7, 8])
    #expect(Array(try exact.lengthPrefixed("item", limit: 2)) == [7, 8])
  }
}

struct ByteWriterTests {
  @Test func integersAreWrittenInTheOrderAsked() {
    var writer = ByteWriter()
    writer.littleEndian(UInt32(0x0403_0201))
    writer.bigEndian(UInt32(0x0506_0708))
    writer.append(byte: 9)
    writer.append("A")
    writer.zeros(2)
    #expect(writer.bytes == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x41, 0, 0])
  }

  @Test func twoListsOfFieldsNeverShareAnEncoding() {
    var first = ByteWriter()
    first.lengthPrefixed("ab")
    first.lengthPrefixed("c")
    var second = ByteWriter()
    second.lengthPrefixed("a")
    second.lengthPrefixed("bc")
    #expect(first.bytes == [0, 0, 0, 2, 0x61, 0x62, 0, 0, 0, 1, 0x63])
    #expect(first.bytes != second.bytes)
  }

  @Test func theCursorReadsBackWhatTheWriterWrote() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let small = UInt16.random(in: 0...UInt16.max, using: &random)
      let large = UInt64.random(in: 0...UInt64.max, using: &random)
      let blob = random.bytes(Int.random(in: 0...40, using: &random))
      var writer = ByteWriter(reserving: 64)
      writer.littleEndian(small)
      writer.bigEndian(large)
      writer.lengthPrefixed(blob)
      writer.littleEndian(large)
      var cursor = ByteCursor(writer.bytes)
      #expect(try cursor.littleEndian("small", as: UInt16.self) == small)
      #expect(try cursor.bigEndian("large", as: UInt64.self) == large)
      #expect(Array(try cursor.lengthPrefixed("blob", limit: 40)) == blob)
      #expect(try cursor.littleEndian("again", as: UInt64.self) == large)
      try cursor.finish("all")
    }
  }
}
