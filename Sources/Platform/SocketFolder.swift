import Glibc

/// The folder in which an engine makes its socket. What else an engine writes there is private to it and goes with it.
package final class SocketFolder: Sendable {
  private let tree: FileTree
  private let path: String
  private let isOurs: Bool

  /// Takes a folder that is empty but for a socket of that name, or makes it.
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
      guard try tree.entries().allSatisfy({ $0.name == name && $0.kind == .other }) else {
        throw .alreadyExists(.socket)
      }
      unsafe unlinkat(tree.descriptor.number, name, 0)
      try tree.give(to: user)
    } catch {
      if isOurs { unsafe rmdir(path) }
      throw error
    }
  }

  /// Removes what is in it, and the folder itself where we made it.
  package func remove() {
    for entry in (try? tree.entries()) ?? [] {
      if entry.kind == .directory { try? tree.remove(entry.name) }
      unsafe unlinkat(tree.descriptor.number, entry.name, 0)
    }
    if isOurs { unsafe rmdir(path) }
  }
}
