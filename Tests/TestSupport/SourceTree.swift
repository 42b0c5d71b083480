/// Files of the checkout that the tests were built from.
package enum SourceTree {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// The bytes of the file at `path` below the checkout's top.
  package static func read(_ path: String) throws -> [UInt8] { try VectorStore.file("\(root)/\(path)") }
}
