import Bytes
import Glibc
import Testing

@testable import Platform

@Suite struct HugePagesTests {
  private static let huge = MappedRange.hugePage

  /// Whether this machine's kernel gives huge pages to a file system of small ones, asked without our code.
  static let areOffered: Bool = {
    let place = Scratch()
    guard let tree = try? FileTree.open(place.path), (try? tree.createFile("f", byteCount: 2 * huge)) != nil,
      let file = try? place.descriptor("f", direct: false, flags: O_RDWR)
    else { return false }
    let base = unsafe mmap(nil, 2 * huge, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0)
    guard let base = unsafe base, unsafe base != MAP_FAILED else { return false }
    defer { unsafe munmap(base, 2 * huge) }
    let aligned = unsafe base + (-Int(bitPattern: base) & (huge - 1))
    // The kernel collapses only where the address and the place in the file fit together.
    let fitting = unsafe mmap(aligned, huge, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file.number, 0)
    guard let fitting = unsafe fitting, unsafe fitting != MAP_FAILED else { return false }
    unsafe fitting.storeBytes(of: 1, as: UInt8.self)
    return unsafe madvise(fitting, huge, 25) == 0
  }()

  private let place = Scratch()

  private func file(_ byteCount: Int) throws -> RegularFile {
    try FileTree.open(place.path).createFile("f", byteCount: byteCount)
  }

  private static func byte(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: offset &* 31 &+ offset >> 12) }

  private static func fill(_ range: Range<Int>, of file: RegularFile) throws {
    let part = [UInt8](range.map(byte))
    guard let memory = try file.mapped(range) else {
      return try file.write(unsafe part.span.bytes, at: range.lowerBound)
    }
    try memory.withMutableBytes(range) { $0.copy(unsafe part.span.bytes) }
  }

  private static func isFilled(_ file: RegularFile) throws -> Bool {
    var bytes = [UInt8](repeating: 0, count: file.byteCount)
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    try file.read(at: 0, into: &span)
    return bytes.indices.allSatisfy { bytes[$0] == byte($0) }
  }

  /// Kilobytes of the file that this process has mapped as huge pages.
  private func hugeKilobytes() throws -> Int {
    let table = try unsafe #require(unsafe fopen("/proc/self/smaps", "r"))
    defer { unsafe fclose(table) }
    var isOurs = false
    var sum = 0
    var line = [CChar](repeating: 0, count: 4096)
    while unsafe fgets(&line, 4096, table) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split {
        $0.isWhitespace
      }
      if words.count > 4, words[1].hasPrefix("rw") { isOurs = words.last ?? "" == "\(place.path)/f" }
      if isOurs, words.first == "ShmemPmdMapped:" { sum += Int(words[1]) ?? 0 }
    }
    return sum
  }

  @Test(.enabled(if: areOffered)) func aFileOfSmallPagesIsGivenHugeOnes() throws {
    let file = try file(3 * Self.huge + 5)
    let range = Self.huge / 2..<3 * Self.huge + 5
    let memory = try #require(try file.mapped(range))
    try memory.withMutableBytes(range) { $0.storeBytes(of: 1, toByteOffset: range.count - 1, as: UInt8.self) }
    #expect(try hugeKilobytes() == 3 * Self.huge >> 10)
  }

  /// Parts meet inside a huge page, and whoever comes later must not take from who was there.
  @Test func partsThatShareAHugePageKeepWhatIsTheirs() throws {
    let file = try file(5 * Self.huge + 4097)
    let starts = Array(stride(from: 0, to: file.byteCount, by: 1_048_560)) + [file.byteCount]
    let parts = zip(starts, starts.dropFirst()).map { $0..<$1 }
    for part in parts.reversed() { try Self.fill(part, of: file) }
    #expect(try Self.isFilled(file))
  }

  @Test func soDoPartsThatAreFilledAtOnce() async throws {
    let file = try file(6 * Self.huge)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for start in stride(from: 0, to: file.byteCount, by: Self.huge / 2) {
        group.addTask {
          let part = start..<min(start + Self.huge / 2, file.byteCount)
          try Self.fill(part, of: file)
        }
      }
      try await group.waitForAll()
    }
    #expect(try Self.isFilled(file))
  }

  @Test func whereNoneFitsThePartIsWritten() throws {
    #expect(try file(Self.huge - 1).mapped(0..<1) == nil)
    let longer = try FileTree.open(place.path).createFile("g", byteCount: Self.huge + 9)
    #expect(try longer.mapped(Self.huge..<Self.huge + 9) == nil)
  }

  /// What a disk keeps cannot be had in huge pages.
  @Test func aFileSystemOnADiskIsNotAsked() throws {
    let place = Scratch(in: "/var/tmp")
    let tree = try FileTree.open(place.path)
    let file = try tree.createFile("f", byteCount: 4 * Self.huge)
    guard try !file.descriptor.isInMemory() else { return }
    #expect(try file.mapped(0..<Self.huge) == nil)
    let descriptor = try #require(try place.descriptor("f", direct: false, flags: O_RDWR))
    #expect {
      try MappedRange(collapsing: descriptor, byteCount: 4 * Self.huge, 0..<Self.huge)
    } throws: { error in
      if case .system(.mapFile, _) = error as? PlatformError { true } else { false }
    }
  }
}
