/// Hexadecimal text, lower-case when written; either case when read.
package enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  package static func decode(_ text: String, _ field: StaticString) throws(ParseError) -> [UInt8] {
    try decode(Array(text.utf8)[...], field)
  }

  package static func decode(_ characters: ArraySlice<UInt8>, _ field: StaticString) throws(ParseError) -> [UInt8] {
    guard characters.count % 2 == 0 else { throw ParseError(field, .truncated, at: characters.count) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(characters.count / 2)
    var index = characters.startIndex
    while index < characters.endIndex {
      guard let high = nibble(characters[index]), let low = nibble(characters[index + 1]) else {
        throw ParseError(field, .unexpected, at: index - characters.startIndex)
      }
      index += 2
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  package static func nibble(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x61...0x66: character - 0x61 + 10
    case 0x41...0x46: character - 0x41 + 10
    default: nil
    }
  }
}
