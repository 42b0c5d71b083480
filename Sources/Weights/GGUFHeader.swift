import Bytes

/// Shape: magic, version, counts, key-value pairs, tensor descriptions, padding to the alignment, then the tensors.
/// All integers little-endian. Spec: ggml docs/gguf.md, versions 2 and 3.
enum GGUFHeader {
  private static let tensorLimit: UInt64 = 1 << 20
  private static let pairLimit: UInt64 = 1 << 16
  private static let keyLimit: UInt64 = 65_535
  private static let nameLimit: UInt64 = 64
  private static let elementLimit: UInt64 = 1 << 28
  private static let dimensionLimit: UInt32 = 4
  private static let defaultAlignment: UInt64 = 32

  static func check(_ file: any StoredBytes) throws(WeightsHeader.Problem) {
    var input = WindowReader(file)
    guard try input.bytes(4, "magic").elementsEqual("GGUF".utf8) else { throw problem("magic", .unexpected) }
    let version = try input.integer("version", as: UInt32.self)
    guard version == 2 || version == 3 else { throw problem("version", .outOfRange) }
    let tensors = try input.integer("tensorCount", as: UInt64.self)
    let pairs = try input.integer("pairCount", as: UInt64.self)
    guard tensors <= tensorLimit else { throw problem("tensorCount", .tooLong) }
    guard pairs <= pairLimit else { throw problem("pairCount", .tooLong) }
    let alignment = try alignment(pairs, &input)
    let described = try descriptions(tensors, &input)
    try check(described, alignment, headerEnd: UInt64(input.offset), size: UInt64(file.byteCount))
  }

  private static func problem(_ field: StaticString, _ reason: ParseError.Reason) -> WeightsHeader.Problem {
    .malformed(ParseError(field, reason))
  }

  // MARK: key-value pairs

  private static func alignment(_ count: UInt64, _ input: inout WindowReader) throws(WeightsHeader.Problem) -> UInt64 {
    var alignment = defaultAlignment
    var keys = Set<[UInt8]>()
    for _ in 0..<count {
      let key = try input.string("key", limit: keyLimit)
      guard keys.insert(key).inserted else { throw problem("key", .duplicate) }
      let kind = try input.integer("valueType", as: UInt32.self)
      guard key.elementsEqual("general.alignment".utf8) else {
        try skipValue(kind, &input, canBeArray: true)
        continue
      }
      guard kind == 4 else { throw problem("alignment", .wrongType) }
      alignment = UInt64(try input.integer("alignment", as: UInt32.self))
      guard alignment >= 8, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
        throw problem("alignment", .outOfRange)
      }
    }
    return alignment
  }

  private static func skipValue(
    _ kind: UInt32, _ input: inout WindowReader, canBeArray: Bool
  ) throws(WeightsHeader.Problem) {
    switch kind {
    case 8: try input.skip(try input.integer("string", as: UInt64.self), "string")
    case 9 where canBeArray: try skipArray(&input)
    default:
      guard let width = widths[kind] else { throw problem("valueType", .unexpected) }
      try input.skip(width, "value")
    }
  }

  private static func skipArray(_ input: inout WindowReader) throws(WeightsHeader.Problem) {
    let kind = try input.integer("arrayType", as: UInt32.self)
    let count = try input.integer("arrayCount", as: UInt64.self)
    guard count <= elementLimit else { throw problem("arrayCount", .tooLong) }
    if let width = widths[kind] {
      try input.skip(width * count, "array")
    } else {
      // An array of arrays is not a value of this format.
      for _ in 0..<count { try skipValue(kind, &input, canBeArray: false) }
    }
  }

  /// Bytes of a value by its type number; strings (8) and arrays (9) have no fixed width.
  private static let widths: [UInt32: UInt64] = [
    0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8,
  ]

  // MARK: tensors

  private struct Description {
    let offset: UInt64
    let byteCount: UInt64
  }

  private static func descriptions(
    _ count: UInt64, _ input: inout WindowReader
  ) throws(WeightsHeader.Problem) -> [Description] {
    var found: [Description] = []
    var names = Set<[UInt8]>()
    for _ in 0..<count {
      guard names.insert(try input.string("tensor.name", limit: nameLimit)).inserted else {
        throw problem("tensor.name", .duplicate)
      }
      found.append(try description(&input))
    }
    return found
  }

  private static func description(_ input: inout WindowReader) throws(WeightsHeader.Problem) -> Description {
    let rank = try input.integer("tensor.rank", as: UInt32.self)
    guard rank <= dimensionLimit else { throw problem("tensor.rank", .outOfRange) }
    var dimensions: [UInt64] = []
    for _ in 0..<rank { dimensions.append(try input.integer("tensor.dimensions", as: UInt64.self)) }
    let kind = try input.integer("tensor.type", as: UInt32.self)
    guard let block = GGMLType.blocks[kind] else { throw problem("tensor.type", .unexpected) }
    // A row is a whole number of blocks.
    guard (dimensions.first ?? 1) % block.elements == 0 else { throw problem("tensor.dimensions", .outOfRange) }
    let offset = try input.integer("tensor.offset", as: UInt64.self)
    do throws(ParseError) {
      let count = try TensorRanges.byteCount(
        dimensions: dimensions, blockElements: block.elements, blockBits: block.bytes * 8)
      return Description(offset: offset, byteCount: count)
    } catch {
      throw .malformed(error)
    }
  }

  private static func check(
    _ tensors: [Description], _ alignment: UInt64, headerEnd: UInt64, size: UInt64
  ) throws(WeightsHeader.Problem) {
    let dataStart = (headerEnd + alignment - 1) & ~(alignment - 1)
    guard dataStart <= size || tensors.isEmpty else { throw problem("data", .truncated) }
    var ranges = TensorRanges()
    do throws(ParseError) {
      for tensor in tensors {
        guard tensor.offset % alignment == 0 else { throw ParseError("tensor.offset", .notCanonical) }
        try ranges.add(start: tensor.offset, count: tensor.byteCount, within: size - dataStart)
      }
      _ = try ranges.requireDisjoint()
    } catch {
      throw .malformed(error)
    }
  }
}

/// The element types of ggml: elements and bytes of one block. Spec: ggml `enum ggml_type` and the block structures.
enum GGMLType {
  static let blocks: [UInt32: (elements: UInt64, bytes: UInt64)] = [
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17),
  ]
}
