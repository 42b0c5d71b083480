/// The rules of a file's place inside a model.
package enum ModelPath {
  /// Bytes of a whole path, and of one name in it.
  package static let limit = 1024
  package static let nameLimit = 255
  package static let depthLimit = 16

  package enum Violation: String, Error, Sendable, CaseIterable {
    case isEmpty = "is empty"
    case isTooLong = "is longer than permitted"
    case isTooDeep = "is nested deeper than permitted"
    case isAbsolute = "is absolute"
    case hasEmptyName = "has an empty name"
    case hasDots = "has . or .. as a name"
    case hasControlCharacter = "has a control character, a backslash or a direction mark"
    case isDuplicate = "appears twice, perhaps in other letters"
    case isBelowFile = "is below another file"
  }

  /// Refuses every path that another system could read as a different place.
  static func check(_ path: String) throws(Violation) {
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty else { throw .isEmpty }
    guard bytes.count <= limit else { throw .isTooLong }
    guard bytes[0] != slash else { throw .isAbsolute }
    guard path.unicodeScalars.allSatisfy(isPlain) else { throw .hasControlCharacter }
    let names = bytes.split(separator: slash, omittingEmptySubsequences: false)
    guard names.count <= depthLimit else { throw .isTooDeep }
    for name in names {
      guard !name.isEmpty else { throw .hasEmptyName }
      guard name.count <= nameLimit else { throw .isTooLong }
      guard !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) else { throw .hasDots }
    }
  }

  /// Refuses two paths that are one on some system, and a path below a file. Canonical equivalence of Unicode is
  /// Swift's `==`; letters are compared without case.
  static func checkDistinct(_ paths: some Sequence<String>) throws(Violation) {
    var files = Set<String>()
    var directories = Set<String>()
    for path in paths {
      let folded = path.lowercased()
      guard files.insert(folded).inserted else { throw .isDuplicate }
      var parent = folded[...]
      while let cut = parent.lastIndex(of: "/") {
        parent = parent[..<cut]
        directories.insert(String(parent))
      }
    }
    guard files.isDisjoint(with: directories) else { throw .isBelowFile }
  }

  private static let slash = UInt8(ascii: "/")

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x5C, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: false
    default: true
    }
  }
}
