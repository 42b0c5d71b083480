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
      var isCached = false
      try scratch.withPart(0..<piece.count) { place in
        isCached = readCached(piece, into: &place)
        if isCached { try take(place.bytes) }
      }
      guard isCached else { break }
      rest = piece.upperBound..<rest.upperBound
    }
    guard !rest.isEmpty else { return }
    if readsAhead, rest.count > Self.pieceSize {
      try ReadAhead(rest, buffered: buffered, direct: direct).forEach(take)
    } else {
      try readThrough(rest, scratch: &scratch, take)
    }
  }

  static func firstPiece(of range: Range<Int>) -> Range<Int>? {
    guard !range.isEmpty else { return nil }
    let start = range.lowerBound
    return start..<min(start - start % pieceSize + pieceSize, range.upperBound)
  }

  /// Whether all of it could be had without waiting.
  private func readCached(_ piece: Range<Int>, into place: inout MutableRawSpan) -> Bool {
    let count = unsafe place.withUnsafeMutableBytes {
      unsafe cplatform_read_cached(buffered.number, $0.baseAddress, $0.count, Int64(piece.lowerBound))
    }
    return count == Int64(piece.count)
  }

  private func readThrough(
    _ range: Range<Int>, scratch: inout MutableRawSpan, _ take: (RawSpan) throws -> Void
  ) throws {
    var rest = range
    while let piece = Self.firstPiece(of: rest) {
      try scratch.withPart(0..<piece.count) { place in
        try buffered.read(at: piece.lowerBound, into: &place)
        try take(place.bytes)
      }
      rest = piece.upperBound..<rest.upperBound
    }
  }
}

extension FileTree {
  /// - Parameter readsAhead: true spends up to 4 MiB a reader on reading ahead.
  package func openStream(_ name: String, readsAhead: Bool) throws(PlatformError) -> StreamedFile {
    let number = try check(unsafe cplatform_open_beneath(descriptor.number, name, O_RDONLY | O_NONBLOCK, 0), .openFile)
    // Memory has nothing to wait for.
    let isOnDevice = try TmpfsVolume.describe(self).kind != UInt64(CPLATFORM_TMPFS)
    let readsAhead = readsAhead && isOnDevice
    let direct = readsAhead ? unsafe cplatform_open_direct(descriptor.number, name) : -1
    return try StreamedFile(
      buffered: FileDescriptor(number), direct: direct < 0 ? nil : FileDescriptor(direct), readsAhead: readsAhead)
  }
}
