/// Private keys in PEM that never pass through ordinary memory.
extension PEM {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The one block with this label; blank space around it is passed over.
  /// - Throws: `CryptoError.malformed`.
  package static func decodeSecret(
    _ text: borrowing SecretBytes, label: String
  ) throws(CryptoError) -> SecretBytes {
    let begin = Array("-----BEGIN \(label)-----".utf8)
    let end = Array("-----END \(label)-----".utf8)
    let found = text.withBytes { measure($0, begin, end) }
    guard let (body, count) = found else { throw .malformed }
    var isGood = true
    let secret = SecretBytes.make(count: count) { output in
      isGood = text.withBytes { decode($0, body, into: &output) }
    }
    guard isGood else { throw .malformed }
    return secret
  }

  package static func encodeSecret(_ label: String, _ der: borrowing SecretBytes) -> SecretBytes {
    let begin = Array("-----BEGIN \(label)-----\n".utf8)
    let end = Array("-----END \(label)-----\n".utf8)
    let characters = (der.count + 2) / 3 * 4
    let count = begin.count + characters + (characters + 63) / 64 + end.count
    return SecretBytes.make(count: count) { output in
      der.withBytes { span in
        var writer = SpanWriter()
        for byte in begin { writer.append(byte, to: &output) }
        for index in 0..<characters {
          writer.append(character(index, of: span), to: &output)
          if index % 64 == 63 || index == characters - 1 { writer.append(0x0A, to: &output) }
        }
        for byte in end { writer.append(byte, to: &output) }
      }
    }
  }

  private struct SpanWriter {
    var offset = 0
    mutating func append(_ byte: UInt8, to span: inout MutableRawSpan) {
      span.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      offset += 1
    }
  }

  /// The `index`-th character of the base64 of `span`.
  private static func character(_ index: Int, of span: RawSpan) -> UInt8 {
    let start = index / 4 * 3
    let position = index % 4
    guard start + position <= span.byteCount else { return UInt8(ascii: "=") }
    func byte(_ offset: Int) -> UInt8 { start + offset < span.byteCount ? span[start + offset] : 0 }
    let value: UInt8 =
      switch position {
      case 0: byte(0) >> 2
      case 1: byte(0) << 4 | byte(1) >> 4
      case 2: byte(1) << 2 | byte(2) >> 6
      default: byte(2)
      }
    return alphabet[Int(value & 0x3F)]
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0x20 || byte == 0x09 }

  /// The offsets between the two marker lines, when the text is nothing but one block.
  private static func body(of span: RawSpan, _ begin: [UInt8], _ end: [UInt8]) -> Range<Int>? {
    var first = 0
    var last = span.byteCount
    while first < last, isBlank(span[first]) { first += 1 }
    while last > first, isBlank(span[last - 1]) { last -= 1 }
    guard last - first > begin.count + end.count else { return nil }
    for (offset, byte) in begin.enumerated() where span[first + offset] != byte { return nil }
    for (offset, byte) in end.enumerated() where span[last - end.count + offset] != byte { return nil }
    return first + begin.count..<last - end.count
  }

  /// Where the base64 lies and how many bytes it stands for.
  private static func measure(_ span: RawSpan, _ begin: [UInt8], _ end: [UInt8]) -> (Range<Int>, Int)? {
    guard let body = body(of: span, begin, end) else { return nil }
    var characters = 0
    var pads = 0
    for index in body where !isBlank(span[index]) {
      if span[index] == UInt8(ascii: "=") { pads += 1 } else if pads > 0 { return nil } else { characters += 1 }
    }
    guard pads <= 2, (characters + pads) % 4 == 0, characters > 0 else { return nil }
    return (body, characters * 3 / 4)
  }

  private static func decode(_ span: RawSpan, _ body: Range<Int>, into output: inout MutableRawSpan) -> Bool {
    var writer = SpanWriter()
    var buffer: UInt32 = 0
    var bits = 0
    for index in body where !isBlank(span[index]) && span[index] != UInt8(ascii: "=") {
      guard let value = value(of: span[index]) else { return false }
      buffer = buffer << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        writer.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)), to: &output)
      }
    }
    return buffer & (1 << UInt32(bits) - 1) == 0
  }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case 0x41...0x5A: character - 0x41
    case 0x61...0x7A: character - 0x61 + 26
    case 0x30...0x39: character - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}

extension RawSpan {
  /// - Precondition: `offset` lies inside; the load traps otherwise.
  fileprivate subscript(_ offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }
}
