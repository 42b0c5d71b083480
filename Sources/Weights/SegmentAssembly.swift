import Bytes

/// Cuts a stream of pieces into segments. A piece that holds a whole segment is handed on where it lies; the rest is put
/// together in one buffer, which is made when it is first needed.
final class SegmentAssembly {
  private lazy var pending = SegmentBuffer()
  private var held = 0
  private var next = 0
  private var end = 0
  private var layout = StreamLayout(plaintextSize: 0)

  /// Whether every segment of the run was handed on.
  var isComplete: Bool { next == end && held == 0 }

  func begin(_ segments: Range<Int>, of layout: StreamLayout) {
    self.layout = layout
    held = 0
    next = segments.lowerBound
    end = segments.upperBound
  }

  struct TooLong: Error {}

  /// - Throws: what `give` throws, and `TooLong` when bytes come behind the last segment.
  func add(_ piece: RawSpan, _ give: (Int, RawSpan) throws -> Void) throws {
    var start = 0
    while start < piece.byteCount {
      guard next < end else { throw TooLong() }
      let wanted = layout.ciphertext(of: next).count
      let count = min(wanted - held, piece.byteCount - start)
      if count == wanted {
        try give(next, piece.extracting(start..<start + count))
        next += 1
      } else {
        keep(piece.extracting(start..<start + count))
        if held == wanted { try handOn(give) }
      }
      start += count
    }
  }

  private func keep(_ part: RawSpan) {
    pending.withMutableBytes(held + part.byteCount) { buffer in
      buffer.withPart(held..<held + part.byteCount) { $0.copy(part) }
    }
    held += part.byteCount
  }

  private func handOn(_ give: (Int, RawSpan) throws -> Void) throws {
    try pending.withBytes(held) { try give(next, $0) }
    held = 0
    next += 1
  }
}
