import Glibc

/// A part of a file as memory that the file shares, until the last owner lets go.
///
/// Its blocks are taken when it is made: a full file system is an error here and not a signal at some later store.
/// Whoever cuts the file shorter while it is in use ends the process; see `UseGate`.
/// Unchecked: threads write to disjoint parts. Safe: the pointer never leaves, and spans live only inside the closures.
@safe package final class MappedRange: @unchecked Sendable {
  static let hugePage = 1 << 21
  static let smallPage = 1 << 12

  /// `MADV_COLLAPSE` of Linux 6.1, which older headers do not have.
  private static let collapse: Int32 = 25

  private let base: UnsafeMutableRawPointer
  private let mapped: Range<Int>
  private let usable: Range<Int>

  /// For a file that its file system keeps in huge pages.
  /// - Throws: `.system(.resizeFile)` when there is no room, `.system(.mapFile)`.
  init(_ descriptor: FileDescriptor, _ range: Range<Int>) throws(PlatformError) {
    try Self.take(range, of: descriptor)
    mapped = Self.wholePages(range)
    usable = range
    unsafe base = try Self.map(mapped, of: descriptor)
  }

  /// For a file that its file system keeps in small pages: the kernel is asked to put huge ones in their place, as many as
  /// fit into the file; a rest at its end stays small. One thread at a time for one file: two that ask for the same page
  /// hinder each other.
  /// - Throws: `.system(.mapFile)` when the kernel has no such pages, or not now. What was taken stays the file's.
  init(collapsing descriptor: FileDescriptor, byteCount: Int, _ range: Range<Int>) throws(PlatformError) {
    mapped = Self.wholePages(range)
    usable = range
    let huge = mapped.lowerBound..<min(mapped.upperBound, byteCount & ~(Self.hugePage - 1))
    // Where a file has no page at all, the kernel finds nothing to collapse.
    for page in stride(from: huge.lowerBound, to: huge.upperBound, by: Self.hugePage) {
      try Self.take(page..<page + Self.smallPage, of: descriptor)
    }
    let rest = range.clamped(to: huge.upperBound..<Int.max)
    if !rest.isEmpty { try Self.take(rest, of: descriptor) }
    unsafe base = try Self.map(mapped, of: descriptor)
    guard unsafe madvise(base, huge.count, Self.collapse) == 0 else { throw .system(.mapFile, errno: errno) }
  }

  deinit { unsafe munmap(base, mapped.count) }

  /// A part of a huge page would be mapped by hundreds of small faults, a whole one takes one.
  private static func wholePages(_ range: Range<Int>) -> Range<Int> {
    precondition(range.lowerBound >= 0 && !range.isEmpty, "a part of a file")
    let mask = hugePage - 1
    return (range.lowerBound & ~mask)..<((range.upperBound + mask) & ~mask)
  }

  private static func take(_ range: Range<Int>, of descriptor: FileDescriptor) throws(PlatformError) {
    let taken = posix_fallocate(descriptor.number, off_t(range.lowerBound), off_t(range.count))
    guard taken == 0 else { throw .system(.resizeFile, errno: taken) }
  }

  /// At an address that huge pages fit to, which the kernel chooses by itself only where it knows of them.
  private static func map(
    _ whole: Range<Int>, of descriptor: FileDescriptor
  ) throws(PlatformError) -> UnsafeMutableRawPointer {
    let reserved = unsafe mmap(
      nil, whole.count + hugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let reserved = unsafe reserved, unsafe reserved != MAP_FAILED else { throw .system(.mapFile, errno: errno) }
    let lead = -Int(bitPattern: reserved) & (hugePage - 1)
    if lead > 0 { unsafe munmap(reserved, lead) }
    let start = unsafe reserved + lead
    unsafe munmap(start + whole.count, hugePage - lead)
    let address = unsafe mmap(
      start, whole.count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor.number, off_t(whole.lowerBound))
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      let failure = errno
      unsafe munmap(start, whole.count)
      throw .system(.mapFile, errno: failure)
    }
    return unsafe address
  }

  /// - Precondition: `range` lies within the part.
  package func withMutableBytes(_ range: Range<Int>, _ body: (inout MutableRawSpan) throws -> Void) throws {
    precondition(
      range.lowerBound >= usable.lowerBound && range.upperBound <= usable.upperBound, "within what was asked for")
    var span = unsafe MutableRawSpan(
      _unsafeStart: base + (range.lowerBound - mapped.lowerBound), byteCount: range.count)
    try body(&span)
  }
}
