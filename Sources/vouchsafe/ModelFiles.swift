import Platform
import Stores
import Terminal
import Weights

/// A sealed model where a person says it lies: a directory, or a place on a server.
struct SealedModel: CiphertextSource {
  let store: any SealedStore
  let path: String

  /// - Parameter width: how many threads will read.
  init(_ path: String, _ arguments: Arguments, width: Int = 1) throws(Failure) {
    self.path = path
    do {
      store =
        RemoteModel.isLocation(path)
        ? try RemoteModel(path, try StoreOptions.access(arguments)) : try SealedDirectory(path, width: width)
    } catch {
      throw error as? Failure ?? Failure(.usage, "\(path): \(error)")
    }
  }

  func manifest() throws(Failure) -> [UInt8] { try read("manifest.json") { try store.manifest() } }
  func note() throws(Failure) -> [UInt8] { try read("manifest.note") { try store.note() } }

  private func read(_ name: String, _ body: () throws -> [UInt8]) throws(Failure) -> [UInt8] {
    do {
      return try body()
    } catch {
      throw Failure(error is StoreError ? .unavailable : .malformed, "\(path)/\(name): \(error)")
    }
  }

  func blob(named name: String) throws -> any StoredBytes { try store.blob(named: name) }
}

/// A directory that appears under its name with everything in it, or not at all. An empty directory may be there before.
final class NewDirectory: Sendable {
  private let parent: FileTree
  private let name: String
  private let hiddenName: String
  let staging: FileTree

  /// - Parameter mark: a folder in what an unfinished attempt left that says that it can be gone on with; `nil` begins
  ///   anew.
  init(_ path: String, keeping mark: String? = nil) throws(Failure) {
    let trimmed = PlainFiles.trimmed(path)
    let cut = trimmed.lastIndex(of: "/")
    let folder = cut.map { $0 == trimmed.startIndex ? "/" : String(trimmed[..<$0]) } ?? "."
    name = cut.map { String(trimmed[trimmed.index(after: $0)...]) } ?? trimmed
    guard !name.isEmpty, name != ".", name != ".." else { throw Failure(.usage, "\(path): not a name for a directory") }
    hiddenName = ".\(name).partial"
    let isTaken: Bool
    do throws(PlatformError) {
      parent = try FileTree.open(folder)
      isTaken = parent.contains(name) ? try !parent.subtree(name).entries().isEmpty : false
    } catch {
      throw Failure(.usage, "\(path): \(error)")
    }
    guard !isTaken else { throw Failure(.usage, "\(path): exists and is not empty; give another name") }
    do throws(PlatformError) {
      staging = try Self.staging(hiddenName, in: parent, keeping: mark)
    } catch .system(.lockDirectory, errno: _) {
      throw Failure(.usage, "\(path): another process is at work on it")
    } catch {
      throw Failure(.usage, "\(path): \(error)")
    }
  }

  /// The hidden folder, and nobody else's as long as this process lives.
  private static func staging(
    _ name: String, in parent: FileTree, keeping mark: String?
  ) throws(PlatformError) -> FileTree {
    if parent.contains(name) {
      let left = try parent.subtree(name)
      try left.lock()
      if let mark, left.contains(mark) { return left }
      try parent.remove(name)
    }
    let made = try parent.createDirectory(name)
    try made.lock()
    return made
  }

  func publish() throws(PlatformError) { try parent.renameDirectory(hiddenName, to: name) }

  /// Removes what was published.
  func remove() throws(PlatformError) { try parent.remove(name) }

  /// Removes what was written so far; nothing that was published.
  func discard() { try? parent.remove(hiddenName) }
}

/// Plain files on their way to a directory.
struct PlainDirectory: Destination {
  let directory: NewDirectory

  func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile {
    try directory.staging.createFile(path, byteCount: byteCount)
  }

  func publish() throws { try directory.publish() }
  func discard() { directory.discard() }
}

/// Blobs on their way to a sealed model's directory.
struct BlobDirectory: BlobStore {
  let tree: FileTree
  /// Random text: several blobs are written at once.
  let token: @Sendable () -> String

  struct Writer: BlobWriter {
    let tree: FileTree
    let temporaryName: String
    let file: RegularFile
    var size = 0

    mutating func append(_ bytes: RawSpan) throws {
      try file.write(bytes, at: size)
      size += bytes.byteCount
    }

    mutating func finish(named name: String) throws {
      try file.synchronize()
      try tree.rename(temporaryName, to: name)
    }
  }

  func makeBlob() throws -> any BlobWriter {
    let name = ".\(token()).partial"
    return Writer(tree: tree, temporaryName: name, file: try tree.createFile(name, byteCount: 0))
  }
}

/// Runs a step on `subject` and turns its refusal into one line.
func modelStep<T: ~Copyable>(_ subject: String, _ body: () throws(WeightsError) -> T) throws(Failure) -> T {
  do throws(WeightsError) { return try body() } catch { throw Failure(error.exit, "\(subject): \(error)") }
}
