import Platform
import Terminal
import Weights

/// A model's plain files where a person says they lie.
enum PlainFiles {
  /// A path without the signs that end a directory's name.
  static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Every regular file below the directory, or the one file named.
  static func inputs(_ source: String) throws(Failure) -> [Sealer.Input] {
    do throws(PlatformError) {
      if let tree = try? FileTree.open(source) { return try files(in: tree, below: "", source) }
      let cut = source.lastIndex(of: "/")
      let folder = cut.map { String(source[...$0]) } ?? "."
      let name = cut.map { String(source[source.index(after: $0)...]) } ?? source
      return [Sealer.Input(path: name, file: try FileTree.open(folder).openFile(name))]
    } catch {
      throw Failure(.usage, "\(source): \(error)")
    }
  }

  private static func files(
    in tree: FileTree, below prefix: String, _ source: String
  ) throws(PlatformError) -> [Sealer.Input] {
    var inputs: [Sealer.Input] = []
    for entry in try tree.entries() {
      switch entry.kind {
      case .file: inputs.append(Sealer.Input(path: prefix + entry.name, file: try tree.openFile(entry.name)))
      case .directory:
        inputs += try files(in: try tree.subtree(entry.name), below: "\(prefix)\(entry.name)/", source)
      case .other:
        Console.note("\(source)/\(prefix)\(entry.name) is a link or a device; copy the files it stands for first")
        throw .system(.openFile, errno: 40)
      }
    }
    return inputs
  }
}

/// Whether files are still what they were when this was made.
struct SourceWatch: Sendable {
  /// A file that was written to while it was read.
  struct Changed: Error, CustomStringConvertible {
    let description = "was written to while it was sealed; seal it again when nobody does"
  }

  private let files: [[UInt8]: (file: RegularFile, identity: FileIdentity)]

  init(_ inputs: [Sealer.Input]) throws(PlatformError) {
    var files: [[UInt8]: (file: RegularFile, identity: FileIdentity)] = [:]
    for input in inputs {
      guard let file = input.file as? RegularFile else { continue }
      files[Array(input.path.utf8)] = (file, try file.identity())
    }
    self.files = files
  }

  func unchanged(_ path: String) throws -> FileIdentity {
    guard let (file, before) = files[Array(path.utf8)], try file.identity() == before else { throw Changed() }
    return before
  }
}
