package import Bytes

/// PEM text. Spec: RFC 7468, strict form: one label, 64 columns, nothing but blank lines between blocks.
package enum PEM {
  package static func encode(_ label: String, _ der: [UInt8]) -> String {
    let text = Array(Base64.encode(der).utf8)
    var lines = ["-----BEGIN \(label)-----"]
    for start in stride(from: 0, to: text.count, by: 64) {
      lines.append(String(decoding: text[start..<min(start + 64, text.count)], as: UTF8.self))
    }
    lines.append("-----END \(label)-----")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The content of every block, all of which must have this label. Text between blocks is refused, line lengths are
  /// free, `\r\n` is read as `\n`.
  package static func decode(_ text: [UInt8], label: String) throws(ParseError) -> [[UInt8]] {
    let (begin, end) = (Array("-----BEGIN \(label)-----".utf8)[...], Array("-----END \(label)-----".utf8)[...])
    var blocks: [[UInt8]] = []
    var body: [UInt8] = []
    var isInside = false
    var start = 0
    while start <= text.count {
      let line = line(of: text, from: start)
      start = line.next
      if isInside {
        if text[line.range] == end {
          blocks.append(try Base64.decode(body, .standard, "pem"))
          isInside = false
        } else {
          body.append(contentsOf: text[line.range])
        }
      } else if text[line.range] == begin {
        body.removeAll(keepingCapacity: true)
        isInside = true
      } else if !line.range.isEmpty {
        throw ParseError("pem", .unexpected)
      }
    }
    guard !isInside else { throw ParseError("pem", .truncated) }
    return blocks
  }

  /// Where the line that begins at `start` lies, without the blanks at its end, and where the next one begins.
  private static func line(of text: [UInt8], from start: Int) -> (range: Range<Int>, next: Int) {
    var end = start
    while end < text.count, text[end] != 0x0A { end += 1 }
    let next = end + 1
    while end > start, text[end - 1] == 0x0D || text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    return (start..<end, next)
  }

  /// As `decode`, for certificates and lists: at least one block.
  static func blocks(_ text: [UInt8], label: String) throws(CertificateError) -> [[UInt8]] {
    guard let blocks = try? decode(text, label: label) else { throw .notPEM }
    guard !blocks.isEmpty else { throw .empty }
    return blocks
  }
}
