/// The name of one tile or entry bundle: part of the tree, or 256 entries.
///
/// Shape: `tile/<level>/<index>[.p/<width>]` and `tile/entries/<index>[.p/<width>]`, the index in groups of three digits, all
/// but the last prefixed `x`. One name for each. Spec: C2SP tlog-tiles.
package struct TilePath: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// Hashes of complete subtrees of height 8 × level.
    case hashes(level: Int)
    case entries
  }

  package static let fullWidth = 256

  package let kind: Kind
  package let index: UInt64
  /// Hashes or entries: 1 … 255 for a partial one, 256 for a full one.
  package let width: Int

  /// - Precondition: level 0 … 63, width 1 … 256.
  package init(_ kind: Kind, index: UInt64, width: Int = fullWidth) {
    self.kind = kind
    self.index = index
    self.width = width
  }

  /// Reads a path as a client sends it; `nil` for every spelling but the one that `path` writes.
  package init?(_ path: String) {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard (3...12).contains(parts.count), parts.removeFirst() == "tile" else { return nil }
    let kindText = parts.removeFirst()
    if kindText == "entries" {
      kind = .entries
    } else {
      guard let level = Int(kindText), (0...63).contains(level) else { return nil }
      kind = .hashes(level: level)
    }
    var width = Self.fullWidth
    if parts.count >= 2, parts[parts.count - 2].hasSuffix(".p") {
      guard let partial = Int(parts.removeLast()), (1...255).contains(partial) else { return nil }
      width = partial
      parts.append(parts.removeLast().dropLast(2))
    }
    var index: UInt64 = 0
    for part in parts {
      guard let group = UInt64(part.drop { $0 == "x" }), group < 1000, index < 1_000_000_000_000_000 else { return nil }
      index = index * 1000 + group
    }
    self.index = index
    self.width = width
    guard self.path.utf8.elementsEqual(path.utf8) else { return nil }
  }

  package var path: String { isFull ? fullPath : "\(partialDirectory)/\(width)" }
  package var isFull: Bool { width == Self.fullWidth }

  /// Where the partial versions of this tile stand.
  var partialDirectory: String { fullPath + ".p" }

  /// The directory that holds the file.
  var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }

  private var fullPath: String {
    let folder =
      switch kind {
      case .hashes(let level): "tile/\(level)/"
      case .entries: "tile/entries/"
      }
    return folder + Self.groups(index)
  }

  private static func groups(_ index: UInt64) -> String {
    var text = group(index % 1000)
    var rest = index / 1000
    while rest > 0 {
      text = "x\(group(rest % 1000))/\(text)"
      rest /= 1000
    }
    return text
  }

  private static func group(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 3 - digits.count) + digits
  }
}
