import Platform
import Verification

/// The folders that the operator drops files into, read whole. A file is what its content says.
struct CollateralFolders: Sendable {
  static let fileLimitBytes = 8 << 20
  static let fileLimit = 65_536

  let paths: [String]

  /// Two reads of folders in which nothing was changed in between have the same one.
  struct Contents: Sendable {
    let artefacts: [CollateralArtefact]
    let marks: [FileMark]
  }

  /// - Throws: `StartError.collateralUnreadable` for a folder or a file that cannot be read.
  func read() throws(StartError) -> Contents {
    var artefacts: [CollateralArtefact] = []
    let marks = try marks()
    for path in paths {
      do {
        let tree = try FileTree.open(path)
        for mark in marks where mark.folder == path {
          artefacts += CollateralArtefact.all(in: try tree.readFile(mark.name, limitBytes: Self.fileLimitBytes))
        }
      } catch { throw .collateralUnreadable(folder: path) }
    }
    return Contents(artefacts: artefacts, marks: marks)
  }

  /// What tells a changed folder from an unchanged one without reading its files.
  func marks() throws(StartError) -> [FileMark] {
    var marks: [FileMark] = []
    for path in paths {
      do {
        let tree = try FileTree.open(path)
        for entry in try tree.entries() where entry.kind == .file {
          guard let state = tree.fileState(entry.name) else { continue }
          marks.append(FileMark(folder: path, name: entry.name, state: state))
        }
      } catch { throw .collateralUnreadable(folder: path) }
      guard marks.count <= Self.fileLimit else { throw .collateralUnreadable(folder: path) }
    }
    return marks
  }
}

struct FileMark: Hashable, Sendable {
  let folder: String
  let name: String
  let state: FileTree.FileState
}
