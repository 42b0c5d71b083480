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
    var body: [UInt8]?
    for line in lines(text) {
      if body != nil {
        if line == end {
          blocks.append(try Base64.decode(body ?? [], .standard, "pem"))
          body = nil
        } else {
          body?.append(contentsOf: line)
        }
      } else if line == begin {
        body = []
      } else if !line.isEmpty {
        throw ParseError("pem", .unexpected)
      }
    }
    guard body == nil else { throw ParseError("pem", .truncated) }
    return blocks
  }

  private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
    text.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      var line = line
      while let last = line.last, last == 0x0D || last == 0x20 || last == 0x09 { line.removeLast() }
      return line
    }
  }

  /// As `decode`, for certificates and lists: at least one block.
  static func blocks(_ text: [UInt8], label: String) throws(CertificateError) -> [[UInt8]] {
    guard let blocks = try? decode(text, label: label) else { throw .notPEM }
    guard !blocks.isEmpty else { throw .empty }
    return blocks
  }
}
