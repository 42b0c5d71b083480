package import Bytes

/// Checks that a weight file's header describes that file, before a program with less careful arithmetic reads it.
package enum WeightsHeader {
  /// Why a header was refused, or why it could not be read.
  package enum Problem: Error {
    case malformed(ParseError)
    case storage(any Error)
  }

  /// Whether the name says a format that can be checked; other files pass.
  static func isChecked(path: String) -> Bool { kind(path) != nil }

  /// A file whose name says no format that can be checked passes.
  package static func check(_ file: any StoredBytes, path: String) throws(Problem) {
    switch kind(path) {
    case .safetensors: try SafetensorsHeader.check(file)
    case .gguf: try GGUFHeader.check(file)
    case nil: break
    }
  }

  private enum Kind { case safetensors, gguf }

  private static func kind(_ path: String) -> Kind? {
    let lower = path.lowercased()
    return lower.hasSuffix(".safetensors") ? .safetensors : lower.hasSuffix(".gguf") ? .gguf : nil
  }
}

/// The places of a file's tensors, checked against each other.
struct TensorRanges {
  private var ranges: [Range<UInt64>] = []

  /// Elements × bits, as bytes. - Throws: `.outOfRange` when the product overflows or is no whole number of bytes.
  static func byteCount(
    dimensions: [UInt64], blockElements: UInt64, blockBits: UInt64
  ) throws(ParseError) -> UInt64 {
    var elements: UInt64 = 1
    for dimension in dimensions {
      let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
      // llama.cpp and others count in signed 64 bits.
      guard !overflow, product <= UInt64(Int64.max) else { throw ParseError("tensor.dimensions", .outOfRange) }
      elements = product
    }
    guard elements % blockElements == 0 else { throw ParseError("tensor.dimensions", .outOfRange) }
    let (bits, overflow) = (elements / blockElements).multipliedReportingOverflow(by: blockBits)
    guard !overflow, bits % 8 == 0 else { throw ParseError("tensor.dimensions", .outOfRange) }
    return bits / 8
  }

  /// - Throws: `.outOfRange` unless the bytes lie within `size`.
  mutating func add(start: UInt64, count: UInt64, within size: UInt64) throws(ParseError) {
    guard start <= size, count <= size - start else { throw ParseError("tensor.offset", .outOfRange) }
    if count > 0 { ranges.append(start..<start + count) }
  }

  /// - Throws: `.duplicate` when two tensors share a byte.
  /// - Returns: the bytes covered.
  func requireDisjoint() throws(ParseError) -> UInt64 {
    let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
    for (left, right) in zip(sorted, sorted.dropFirst()) where left.upperBound > right.lowerBound {
      throw ParseError("tensor.offset", .duplicate)
    }
    return sorted.reduce(0) { $0 + UInt64($1.count) }
  }
}
