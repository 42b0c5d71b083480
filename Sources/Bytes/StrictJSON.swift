/// A strict reader of RFC 8259, written by hand because Foundation's readers accept duplicate keys (and disagree on which
/// wins), trailing commas, other encodings and non-canonical text: for signed or untrusted documents each of these lets
/// two readers see two documents.
///
/// Accepts UTF-8 without a byte order mark, one value, each key once, no lone surrogates, bounded depth and size.
package enum StrictJSON {
  package struct Limits: Sendable {
    package var depth: Int
    /// Values and keys in the whole document.
    package var tokens: Int

    package init(depth: Int = 32, tokens: Int = 20_000) {
      self.depth = depth
      self.tokens = tokens
    }

    package static let `default` = Limits()
    /// Evidence objects spell certificates as arrays of numbers: one token a byte.
    package static let evidence = Limits(depth: 32, tokens: 400_000)
  }

  /// - Parameter comments: accept `//` and `/* */` comments; only for our own configuration files.
  package static func parse(
    _ bytes: ArraySlice<UInt8>, limits: Limits = .default, comments: Bool = false
  ) throws(ParseError) -> JSONValue {
    var scanner = JSONScanner(bytes, limits: limits, comments: comments)
    return try scanner.document().value
  }

  /// The outermost value of a text where it lies: for documents that are read once, in whole.
  package static func element(of bytes: [UInt8], limits: Limits = .default) throws(ParseError) -> JSONElement {
    var scanner = JSONScanner(bytes[...], limits: limits, comments: false)
    return JSONElement(try scanner.document(), 0)
  }

  package static func parse(
    _ bytes: [UInt8], limits: Limits = .default, comments: Bool = false
  ) throws(ParseError) -> JSONValue {
    try parse(bytes[...], limits: limits, comments: comments)
  }
}
