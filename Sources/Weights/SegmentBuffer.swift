/// Memory for one segment, page-aligned, used again and again by one thread.
///
/// `@safe`: the pointer never leaves, and spans of it live only inside the closures.
@safe final class SegmentBuffer {
  private let base: UnsafeMutableRawPointer

  init() {
    unsafe base = .allocate(byteCount: StreamLayout.segmentSize, alignment: 4096)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: StreamLayout.segmentSize)
  }

  deinit { unsafe base.deallocate() }

  /// - Precondition: `count` is at most a segment.
  func withBytes<E: Error>(_ count: Int, _ body: (RawSpan) throws(E) -> Void) throws(E) {
    precondition((0...StreamLayout.segmentSize).contains(count), "a segment's part")
    try body(unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count))
  }

  func withMutableBytes<E: Error>(_ count: Int, _ body: (inout MutableRawSpan) throws(E) -> Void) throws(E) {
    precondition((0...StreamLayout.segmentSize).contains(count), "a segment's part")
    var span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
    try body(&span)
  }
}
