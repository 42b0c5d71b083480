import Platform
package import Weights

/// A sealed model in a directory: as `model seal` writes it (`manifest.json`, `manifest.note`, `blobs/`), or as an OCI image
/// layout with that one artifact.
package struct SealedDirectory: SealedStore {
  package static let noteLimitBytes = 1 << 16
  private static let documentLimitBytes = 4 << 20
  /// More threads than this read for themselves: reading ahead has a share of the memory that opening may take.
  private static let widthWithReadAhead = 8

  private let tree: FileTree
  private let readsAhead: Bool
  /// Where a layout keeps what has a name of its own elsewhere; empty for a directory of ours.
  private let items: [StoreItem: String]

  /// - Parameter width: how many threads will read.
  /// - Throws: `PlatformError`, and `StoreError.malformedAnswer` for a layout that is none of ours.
  package init(_ path: String, width: Int) throws {
    tree = try FileTree.open(path)
    readsAhead = width <= Self.widthWithReadAhead
    items = tree.contains("oci-layout") ? try Self.items(of: tree) : [:]
  }

  private static func items(of layout: FileTree) throws -> [StoreItem: String] {
    let index = try layout.readFile("index.json", limitBytes: documentLimitBytes)
    let digest = try OCIArtifact.onlyArtifact(ofIndex: index)
    let document = try layout.readFile(blobPath(digest), limitBytes: documentLimitBytes)
    return try OCIArtifact.items(in: document)
  }

  /// - Parameter digest: `sha256:` and 64 hexadecimal digits.
  private static func blobPath(_ digest: String) -> String { "blobs/sha256/\(digest.dropFirst("sha256:".count))" }

  private func path(of item: StoreItem) -> String {
    if case .blob(let name) = item, !items.isEmpty { return "blobs/sha256/\(name)" }
    return items[item].map(Self.blobPath) ?? item.path
  }

  package func manifest() throws -> [UInt8] {
    try tree.readFile(path(of: .manifest), limitBytes: Manifest.limitBytes)
  }

  package func note() throws -> [UInt8] { try tree.readFile(path(of: .note), limitBytes: Self.noteLimitBytes) }

  package func blob(named name: String) throws -> any StoredBytes {
    try tree.openStream(path(of: .blob(name)), readsAhead: readsAhead)
  }
}
