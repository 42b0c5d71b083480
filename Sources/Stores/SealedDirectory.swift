package import Platform
package import Weights

/// A sealed model in a directory: `manifest.json`, `manifest.note`, `blobs/`.
package struct SealedDirectory: SealedStore {
  package static let noteLimitBytes = 1 << 16
  /// More threads than this read for themselves: reading ahead has a share of the memory that opening may take.
  private static let widthWithReadAhead = 8

  private let tree: FileTree
  private let readsAhead: Bool

  /// - Parameter width: how many threads will read.
  package init(_ path: String, width: Int) throws(PlatformError) {
    tree = try FileTree.open(path)
    readsAhead = width <= Self.widthWithReadAhead
  }

  package func manifest() throws -> [UInt8] { try tree.readFile("manifest.json", limitBytes: Manifest.limitBytes) }

  package func note() throws -> [UInt8] { try tree.readFile("manifest.note", limitBytes: Self.noteLimitBytes) }

  package func blob(named name: String) throws -> any StoredBytes {
    try tree.openStream("blobs/\(name)", readsAhead: readsAhead)
  }
}
