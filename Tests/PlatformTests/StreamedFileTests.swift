import Glibc
import Synchronization
import Testing

@testable import Platform

@Suite struct StreamedFileTests {
  private struct Stop: Error {}
  private static let mebibyte = 1 << 20

  private static func contents(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
  }

  private static func streamed(_ file: StreamedFile, _ range: Range<Int>) throws -> [UInt8] {
    var scratch = [UInt8](repeating: 0, count: StreamedFile.pieceSize)
    var found: [UInt8] = []
    var elements = scratch.mutableSpan
    var span = unsafe elements.mutableBytes
    try file.stream(range, scratch: &span) { piece in
      found += unsafe piece.withUnsafeBytes { unsafe Array($0) }
    }
    return found
  }

  private static let ranges = [
    0..<0, 0..<1, 40..<mebibyte, 4095..<4097, mebibyte - 1..<mebibyte + 1, 40..<5 * mebibyte,
    2 * mebibyte..<4 * mebibyte,
    3 * mebibyte + 5..<5 * mebibyte + 77, 5 * mebibyte + 76..<5 * mebibyte + 77,
  ]

  @Test(arguments: [true, false])
  func everyRangeComesWholeAndInOrder(readsAhead: Bool) throws {
    let bytes = Self.contents(5 * Self.mebibyte + 77)
    for place in [Scratch(), Scratch(in: "/tmp")] {
      place.file("f", bytes)
      let file = try FileTree.open(place.path).openStream("f", readsAhead: readsAhead)
      #expect(file.byteCount == bytes.count)
      for range in Self.ranges { #expect(try Self.streamed(file, range).elementsEqual(bytes[range])) }
    }
  }

  @Test(arguments: ranges.filter { !$0.isEmpty })
  func whatIsReadAheadIsTheSame(range: Range<Int>) throws {
    let bytes = Self.contents(5 * Self.mebibyte + 77)
    let place = Scratch(in: "/tmp")
    place.file("f", bytes)
    let direct = try #require(try place.descriptor("f", direct: true))
    let buffered = try #require(try place.descriptor("f", direct: false))
    for direct in [direct, nil] {
      var found: [UInt8] = []
      try ReadAhead(range, buffered: buffered, direct: direct).forEach { piece in
        found += unsafe piece.withUnsafeBytes { unsafe Array($0) }
      }
      #expect(found.elementsEqual(bytes[range]))
    }
  }

  @Test func aFileThatEndsTooEarlyIsAnErrorAndNotFewerBytes() throws {
    let place = Scratch(in: "/tmp")
    place.file("f", Self.contents(3 * Self.mebibyte))
    let buffered = try #require(try place.descriptor("f", direct: false))
    #expect(throws: PlatformError.endsTooEarly) {
      try ReadAhead(0..<4 * Self.mebibyte, buffered: buffered, direct: nil).forEach { _ in }
    }
    let file = try FileTree.open(place.path).openStream("f", readsAhead: false)
    #expect(throws: PlatformError.endsTooEarly) { try Self.streamed(file, Self.mebibyte..<4 * Self.mebibyte) }
  }

  @Test func whatTheTakerThrowsEndsTheReading() throws {
    let place = Scratch(in: "/tmp")
    place.file("f", Self.contents(5 * Self.mebibyte))
    let buffered = try #require(try place.descriptor("f", direct: false))
    var pieces = 0
    #expect(throws: Stop.self) {
      try ReadAhead(0..<5 * Self.mebibyte, buffered: buffered, direct: nil).forEach { _ in
        pieces += 1
        if pieces == 2 { throw Stop() }
      }
    }
    #expect(pieces == 2)
  }

  @Test func aLinkIsNotFollowed() throws {
    let place = Scratch()
    place.file("f", [1])
    #expect(unsafe symlink("f", "\(place.path)/link") == 0)
    #expect(throws: PlatformError.self) { try FileTree.open(place.path).openStream("link", readsAhead: true) }
  }

  @Test func whatIsWrittenToAMappedPartIsInTheFile() throws {
    let place = Scratch()
    let tree = try FileTree.open(place.path)
    let file = try tree.createFile("f", byteCount: 3 * Self.mebibyte)
    let descriptor = try #require(try place.descriptor("f", direct: false, flags: O_RDWR))
    let range = Self.mebibyte + 3..<2 * Self.mebibyte + 5
    let mapped = try MappedRange(descriptor, range)
    try mapped.withMutableBytes(range.upperBound - 2..<range.upperBound) { span in
      span.storeBytes(of: 7, toByteOffset: 1, as: UInt8.self)
    }
    var byte: [UInt8] = [0]
    var elements = byte.mutableSpan
    var span = unsafe elements.mutableBytes
    try file.read(at: range.upperBound - 1, into: &span)
    #expect(byte == [7])
  }

  /// The kernel would end the process at the first store without room.
  @Test func aPartThatHasNoRoomIsRefusedBeforeItIsWritten() throws {
    let place = Scratch()
    _ = try FileTree.open(place.path).createFile("f", byteCount: 1 << 50)
    let descriptor = try #require(try place.descriptor("f", direct: false, flags: O_RDWR))
    #expect {
      try MappedRange(descriptor, 0..<1 << 48)
    } throws: { error in
      if case .system(.resizeFile, _) = error as? PlatformError { true } else { false }
    }
  }
}

@Suite struct UseGateTests {
  @Test func nobodyComesInOnceItIsClosed() {
    let gate = UseGate()
    #expect(gate.enter { 5 } == 5)
    gate.close()
    #expect(gate.enter { 5 } == nil)
    gate.close()
  }

  @Test func itClosesWhenTheLastIsOut() throws {
    let gate = UseGate()
    let state = Mutex((isInside: false, mayLeave: false, left: false))
    try OwnThread.start {
      gate.enter {
        state.withLock { $0.isInside = true }
        while !state.withLock({ $0.mayLeave }) { usleep(1000) }
        state.withLock { $0.left = true }
      }
    }
    while !state.withLock({ $0.isInside }) { usleep(1000) }
    try OwnThread.start {
      usleep(20_000)
      state.withLock { $0.mayLeave = true }
    }
    gate.close()
    #expect(state.withLock { $0.left })
  }
}

extension Scratch {
  func file(_ name: String, _ bytes: [UInt8]) {
    let number = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = unsafe write(number, bytes, bytes.count)
    close(number)
  }

  func descriptor(_ name: String, direct: Bool, flags: Int32 = O_RDONLY) throws -> FileDescriptor? {
    guard !direct else { return try FileTree.open(path).openDirect(name) }
    let number = unsafe open("\(path)/\(name)", flags | O_CLOEXEC)
    return number < 0 ? nil : FileDescriptor(number)
  }
}
