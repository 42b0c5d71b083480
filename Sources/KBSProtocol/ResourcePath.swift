import Bytes

/// Where a resource lives: `repository/type/tag`, three segments and no more.
///
/// Spec: kbs-protocol §3.4: a segment starts with a letter, digit, `_` or `-` and goes on with those or `.`; at most 255
/// bytes. So no segment is empty, `.` or `..`, and none needs escaping in a URL or as a file name.
package struct ResourcePath: Hashable, Sendable {
  package let repository: String
  package let type: String
  package let tag: String

  package init(_ segments: [String]) throws(KBSProtocolError) {
    guard segments.count == 3, segments.allSatisfy(Self.isSegment) else { throw .badResourcePath }
    (repository, type, tag) = (segments[0], segments[1], segments[2])
  }

  /// Reads `repository/type/tag`.
  package init(_ text: String) throws(KBSProtocolError) {
    guard text.utf8.count <= 3 * Self.segmentLimitBytes + 2 else { throw .badResourcePath }
    try self.init(text.split(separator: "/", omittingEmptySubsequences: false).map(String.init))
  }

  /// Reads `kbs:///repository/type/tag`, the form of guest configuration.
  package init(uri: String) throws(KBSProtocolError) {
    let scheme = "kbs:///"
    guard uri.utf8.starts(with: scheme.utf8) else { throw .badResourcePath }
    try self.init(String(uri.dropFirst(scheme.count)))
  }

  package var text: String { "\(repository)/\(type)/\(tag)" }

  /// The path of `GET /kbs/v0/resource/…`.
  package var requestPath: String { "/kbs/v0/resource/\(text)" }

  package static let segmentLimitBytes = 255

  private static func isSegment(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, bytes.count <= segmentLimitBytes else { return false }
    return isWord(first) && bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension ResourcePath: CustomStringConvertible, Comparable {
  package var description: String { text }
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
