import Platform
import SignedNotes
import Stores
import Weights

/// Where `model seal` puts what it makes.
enum SealedForm {
  /// `manifest.json`, `manifest.note`, `blobs/`.
  case directory
  /// An OCI image layout with the model as its one artifact.
  case layout

  /// The folder of the blobs, made new unless it is there.
  func blobFolder(in tree: FileTree) throws(PlatformError) -> FileTree {
    let blobs = try Self.folder("blobs", in: tree)
    return self == .directory ? blobs : try Self.folder("sha256", in: blobs)
  }

  private static func folder(_ name: String, in tree: FileTree) throws(PlatformError) -> FileTree {
    tree.contains(name) ? try tree.subtree(name) : try tree.createDirectory(name)
  }

  /// All files but the blobs.
  func documents(_ manifest: Manifest, note: [UInt8]) -> [(name: String, bytes: [UInt8])] {
    guard self == .layout else { return [("manifest.json", manifest.bytes), ("manifest.note", note)] }
    let artifact = OCIArtifact.document(of: manifest, note: note)
    let blobs = [manifest.bytes, note, OCIArtifact.emptyConfiguration, artifact.bytes].map {
      OCIArtifact.Document(bytes: $0)
    }
    let tag = Self.isTag(manifest.identity.version) ? manifest.identity.version : "latest"
    return blobs.map { ("blobs/sha256/\($0.name)", $0.bytes) } + [
      ("index.json", OCIArtifact.index(of: artifact, tag: tag)), ("oci-layout", OCIArtifact.layoutFile),
    ]
  }

  /// Spec: OCI distribution 1.1, `<reference>` as a tag.
  private static func isTag(_ text: String) -> Bool {
    text.utf8.first.map { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "-") } == true
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }
}
