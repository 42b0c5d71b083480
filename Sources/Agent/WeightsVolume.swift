import Platform
import Telemetry
package import Weights

extension RegularFile: DestinationFile {}

/// The pod's memory as the destination of a model. Once discarded, nothing is made in it any more, also not by a thread
/// that was still opening segments.
package final class WeightsVolume: Destination {
  private let volume: TmpfsVolume
  private let isOpen = Locked(true)

  struct Discarded: Error {}

  init(_ volume: TmpfsVolume) { self.volume = volume }

  var publishedPath: String { volume.publishedPath }

  package func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile {
    try isOpen.withLock { isOpen throws in
      guard isOpen else { throw Discarded() }
      return try volume.staging.createFile(path, byteCount: byteCount)
    }
  }

  package func publish() throws {
    try isOpen.withLock { isOpen throws in
      guard isOpen else { throw Discarded() }
      try volume.publish()
    }
  }

  /// Gives all memory back, published or not; also the last act of a pod.
  package func discard() {
    isOpen.withLock { isOpen in
      isOpen = false
      // What cannot be removed stays private and in memory; there is nobody left to tell.
      try? volume.wipe()
    }
  }
}

/// A sealed model in a directory.
struct SealedDirectory: CiphertextSource {
  private let tree: FileTree

  init(_ path: String) throws(PlatformError) { tree = try FileTree.open(path) }

  func manifest() throws(PlatformError) -> [UInt8] {
    try tree.readFile("manifest.json", limitBytes: Manifest.limitBytes)
  }

  func note() throws(PlatformError) -> [UInt8] { try tree.readFile("manifest.note", limitBytes: 1 << 16) }

  func blob(named name: String) throws -> any StoredBytes { try tree.openFile("blobs/\(name)") }
}
