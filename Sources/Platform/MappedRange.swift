import Glibc

/// A part of a file as memory that the file shares, until the last owner lets go.
///
/// Its blocks are taken when it is made: a full file system is an error here and not a signal at some later store.
/// Whoever cuts the file shorter while it is in use ends the process; see `UseGate`.
/// Unchecked: threads write to disjoint parts. Safe: the pointer never leaves, and spans live only inside the closures.
@safe package final class MappedRange: @unchecked Sendable {
  static let hugePage = 1 << 21

  private let base: UnsafeMutableRawPointer
  private let mapped: Range<Int>
  private let usable: Range<Int>

  /// - Throws: `.system(.resizeFile)` when there is no room, `.system(.mapFile)`.
  init(_ descriptor: FileDescriptor, _ range: Range<Int>) throws(PlatformError) {
    precondition(range.lowerBound >= 0 && !range.isEmpty, "a part of a file")
    let taken = posix_fallocate(descriptor.number, off_t(range.lowerBound), off_t(range.count))
    guard taken == 0 else { throw .system(.resizeFile, errno: taken) }
    // Whole huge pages of the file's: a part of one would be mapped by hundreds of small faults, a whole one takes one.
    let mask = Self.hugePage - 1
    let whole = (range.lowerBound & ~mask)..<((range.upperBound + mask) & ~mask)
    let address = unsafe mmap(
      nil, whole.count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, off_t(whole.lowerBound))
    guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .system(.mapFile, errno: errno) }
    unsafe base = address
    mapped = whole
    usable = range
  }

  deinit { unsafe munmap(base, mapped.count) }

  /// - Precondition: `range` lies within the part.
  package func withMutableBytes(_ range: Range<Int>, _ body: (inout MutableRawSpan) throws -> Void) throws {
    precondition(
      range.lowerBound >= usable.lowerBound && range.upperBound <= usable.upperBound, "within what was asked for")
    var span = unsafe MutableRawSpan(
      _unsafeStart: base + (range.lowerBound - mapped.lowerBound), byteCount: range.count)
    try body(&span)
  }
}
