extension MutableRawSpan {
  /// Lends a part of the bytes.
  /// - Precondition: `range` lies within them.
  package mutating func withPart<E: Error>(
    _ range: Range<Int>, _ body: (inout MutableRawSpan) throws(E) -> Void
  ) throws(E) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "a part of these bytes")
    try unsafe withUnsafeMutableBytes { bytes throws(E) in
      var part = unsafe MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: bytes[range]))
      try body(&part)
    }
  }

  /// - Precondition: both have the same length.
  package mutating func copy(_ other: RawSpan) {
    precondition(byteCount == other.byteCount, "the caller made room")
    unsafe withUnsafeMutableBytes { target in
      unsafe other.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }
}
