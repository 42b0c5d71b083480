package import Bytes
import Glibc

/// The process's standard streams and the files a person names. Rules: results go to standard output, everything else to
/// standard error; text from outside has its control characters escaped before a person's terminal sees it.
package enum Console {
  package static func out(_ text: String) { write(1, Array(text.utf8)) }
  package static func outBytes(_ bytes: [UInt8]) { write(1, bytes) }
  package static func line(_ text: String) { out(text + "\n") }
  package static func json(_ value: JSONValue) { out(CanonicalJSON.pretty(value)) }

  /// One line on standard error.
  package static func note(_ text: String) { write(2, Array((printable(text) + "\n").utf8)) }

  package static var isTerminal: Bool { isatty(1) == 1 }
  package static var isErrorTerminal: Bool { isatty(2) == 1 }

  /// The text with control characters (also those of U+0080–U+009F and bidirectional overrides) written as `\u{…}`.
  package static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A, 0x20...0x7E: result.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069:
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func write(_ descriptor: Int32, _ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes[start...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      start += count
    }
  }

  /// Asks on the terminal; anything but `y` or `yes` is no, and so is the absence of a terminal.
  package static func confirm(_ question: String) -> Bool {
    guard isatty(0) == 1 else { return false }
    write(2, Array("\(printable(question)) [y/N] ".utf8))
    guard let answer = readLine() else { return false }
    return answer == "y" || answer == "yes"
  }
}
