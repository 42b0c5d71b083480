import Bytes
import CPlatform
import Glibc

/// A file that is read once, front to back in long parts, and larger than memory should hold twice.
///
/// What the page cache has is copied from it. What it has not is read past it where the file system can, by threads of their
/// own that keep ahead of the reader; elsewhere it is read through the cache and not left there.
package struct StreamedFile: Sendable {
  /// Pieces end at multiples of this many bytes of the file.
  package static let pieceSize = 1 << 20

  private let buffered: FileDescriptor
  private let direct: FileDescriptor?
  private let readsAhead: Bool
  package let byteCount: Int

  fileprivate init(buffered: FileDescriptor, direct: FileDescriptor?, readsAhead: Bool) throws(PlatformError) {
    self.buffered = buffered
    self.direct = direct
    self.readsAhead = readsAhead
    byteCount = try buffered.size()
  }

  /// - Throws: `.endsTooEarly` when the file has fewer bytes there.
  package func read(at offset: Int, into buffer: inout MutableRawSpan) throws(PlatformError) {
    try buffered.read(at: offset, into: &buffer)
  }

  /// Gives the bytes of `range` in order.
  /// - Parameter scratch: a piece or more.
  package func stream(
    _ range: Range<Int>, scratch: inout MutableRawSpan, to take: (RawSpan) throws -> Void
  ) throws {
    var rest = range
    while let piece = Self.firstPiece(of: rest) {
      var isThere = false
      try scratch.withPart(0..<piece.count) { place in
        isThere = try readAtOnce(piece, isLast: rest.count <= Self.pieceSize, into: &place)
        if isThere { try take(place.bytes) }
      }
      guard isThere else { return try ReadAhead(rest, buffered: buffered, direct: direct).forEach(take) }
      rest = piece.upperBound..<rest.upperBound
    }
  }

  static func firstPiece(of range: Range<Int>) -> Range<Int>? {
    guard !range.isEmpty else { return nil }
    let start = range.lowerBound
    return start..<min(start - start % pieceSize + pieceSize, range.upperBound)
  }

  /// Fills `place`, or says false where the cache has nothing of the piece and others should read ahead from here on. A piece
  /// of which the cache lost a part is read through it: the rest of the file is most likely there.
  private func readAtOnce(
    _ piece: Range<Int>, isLast: Bool, into place: inout MutableRawSpan
  ) throws(PlatformError) -> Bool {
    guard readsAhead, !isLast else {
      try buffered.read(at: piece.lowerBound, into: &place)
      return true
    }
    let count = unsafe place.withUnsafeMutableBytes {
      unsafe cplatform_read_cached(buffered.number, $0.baseAddress, $0.count, Int64(piece.lowerBound))
    }
    guard count > 0 else { return false }
    if count < Int64(piece.count) { try buffered.read(at: piece.lowerBound, into: &place) }
    return true
  }
}

extension FileTree {
  /// - Parameter readsAhead: true spends up to 3 MiB a reader on reading ahead.
  package func openStream(_ name: String, readsAhead: Bool) throws(PlatformError) -> StreamedFile {
    let number = try check(unsafe cplatform_open_beneath(descriptor.number, name, O_RDONLY | O_NONBLOCK, 0), .openFile)
    // Memory has nothing to wait for.
    let isInMemory = try descriptor.isInMemory()
    let readsAhead = readsAhead && !isInMemory
    return try StreamedFile(
      buffered: FileDescriptor(number), direct: readsAhead ? openDirect(name) : nil, readsAhead: readsAhead)
  }

  /// `nil` where the file system cannot read past the page cache.
  func openDirect(_ name: String) -> FileDescriptor? {
    let number = unsafe cplatform_open_direct(descriptor.number, name)
    return number < 0 ? nil : FileDescriptor(number)
  }
}
