import Bytes

/// Shape: u64 little-endian header length, a JSON object, then the tensors' bytes without a gap.
/// Spec: safetensors, "Format".
enum SafetensorsHeader {
  /// The format's own limit.
  static let limitBytes: UInt64 = 100_000_000
  private static let tensorLimit = 1_000_000
  private static let dimensionLimit = 32

  static func check(_ file: any StoredBytes) throws(WeightsHeader.Problem) {
    let text: [UInt8]
    let size = UInt64(file.byteCount)
    do {
      guard size >= 8 else { throw ParseError("header.length", .truncated) }
      var input = ByteCursor(try file.bytes(at: 0, count: 8))
      let count = try input.littleEndian("header.length", as: UInt64.self)
      guard count <= limitBytes else { throw ParseError("header.length", .tooLong) }
      guard count <= size - 8 else { throw ParseError("header.length", .outOfRange) }
      text = try file.bytes(at: 8, count: Int(count))
    } catch let error as ParseError {
      throw .malformed(error)
    } catch {
      throw .storage(error)
    }
    do throws(ParseError) {
      try check(header: text, dataSize: size - 8 - UInt64(text.count))
    } catch {
      throw .malformed(error)
    }
  }

  static func check(header: [UInt8], dataSize: UInt64) throws(ParseError) {
    guard header.first == UInt8(ascii: "{") else { throw ParseError("header", .unexpected, at: 0) }
    let limits = StrictJSON.Limits(depth: 4, tokens: tensorLimit * 16)
    let reader = try JSONReader(try StrictJSON.parse(header, limits: limits), "header")
    guard reader.object.members.count <= tensorLimit else { throw ParseError("header", .tooLong) }
    var ranges = TensorRanges()
    for (name, value) in reader.object.members {
      if name == "__metadata__" {
        try checkMetadata(value)
      } else {
        try check(tensor: value, dataSize, &ranges)
      }
    }
    guard try ranges.requireDisjoint() == dataSize else { throw ParseError("tensor.offset", .outOfRange) }
  }

  private static func checkMetadata(_ value: JSONValue) throws(ParseError) {
    let reader = try JSONReader(value, "metadata")
    guard reader.object.members.allSatisfy({ $0.value.stringValue != nil }) else {
      throw ParseError("metadata", .wrongType)
    }
  }

  private static func check(
    tensor value: JSONValue, _ dataSize: UInt64, _ ranges: inout TensorRanges
  ) throws(ParseError) {
    var reader = try JSONReader(value, "tensor")
    guard let bits = elementBits[try reader.string("dtype")] else { throw ParseError("tensor.dtype", .unexpected) }
    let dimensions = try unsigned(try reader.array("shape"), "tensor.shape")
    guard dimensions.count <= dimensionLimit else { throw ParseError("tensor.shape", .tooLong) }
    let offsets = try unsigned(try reader.array("data_offsets"), "tensor.offset")
    try reader.finish()
    guard offsets.count == 2, offsets[0] <= offsets[1] else { throw ParseError("tensor.offset", .outOfRange) }
    let count = try TensorRanges.byteCount(dimensions: dimensions, blockElements: 1, blockBits: bits)
    guard count == offsets[1] - offsets[0] else { throw ParseError("tensor.offset", .outOfRange) }
    try ranges.add(start: offsets[0], count: count, within: dataSize)
  }

  private static func unsigned(_ values: [JSONValue], _ field: StaticString) throws(ParseError) -> [UInt64] {
    try values.map { value throws(ParseError) in
      guard let number = value.integer(UInt64.self) else { throw ParseError(field, .wrongType) }
      return number
    }
  }

  private static let elementBits: [String: UInt64] = [
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
  ]
}
