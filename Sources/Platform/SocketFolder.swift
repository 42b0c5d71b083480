import Glibc

/// The folder in which an engine makes its socket. What else an engine writes there is private to it and goes with it.
package final class SocketFolder: Sendable {
  private let tree: FileTree
  private let path: String
  private let isOurs: Bool

  /// Takes a folder that is empty but for a socket of that name, or was given to that user before, or makes it.
  ///
  /// - Parameters:
  ///   - socket: an absolute path; its folder's own parent must exist.
  ///   - user: who may make the socket; nobody else but us may then.
  ///   - inMemory: a folder on a disk is refused.
  /// - Throws: `.alreadyExists(.socket)` when there is anything else in the folder.
  package init(for socket: String, user: UInt32, inMemory: Bool) throws(PlatformError) {
    path = "/" + socket.split(separator: "/").dropLast().joined(separator: "/")
    isOurs = unsafe mkdir(path, 0o700) == 0
    guard isOurs || errno == EEXIST else { throw .system(.createDirectory, errno: errno) }
    tree = try FileTree.open(path)
    do throws(PlatformError) {
      if inMemory { try tree.requireMemory() }
      let name = socket.split(separator: "/").last.map(String.init) ?? ""
      let holdsNothingElse = try tree.entries().allSatisfy { $0.name == name && $0.kind == .other }
      guard holdsNothingElse || Self.isLeftover(tree, of: user) else { throw .alreadyExists(.socket) }
      clear()
      try tree.give(to: user)
    } catch {
      if isOurs { unsafe rmdir(path) }
      throw error
    }
  }

  /// Whether an agent that was killed gave this folder to its engine: nobody else makes that user the owner.
  private static func isLeftover(_ tree: FileTree, of user: UInt32) -> Bool {
    var status = stat()
    return unsafe fstat(tree.descriptor.number, &status) == 0 && status.st_uid == user && user != geteuid()
  }

  /// Removes what is in it, and the folder itself where we made it.
  package func remove() {
    clear()
    if isOurs { unsafe rmdir(path) }
  }

  private func clear() {
    for entry in (try? tree.entries()) ?? [] {
      if entry.kind == .directory { try? tree.remove(entry.name) }
      unsafe unlinkat(tree.descriptor.number, entry.name, 0)
    }
  }
}
