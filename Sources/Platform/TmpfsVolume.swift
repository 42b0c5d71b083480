import CPlatform
import Glibc

/// A directory of the guest's memory in which a model appears all at once or not at all.
///
/// What is written lies in a hidden directory of mode 0700 until `publish` gives it its name by one rename.
package final class TmpfsVolume: Sendable {
  private let parent: FileTree
  private let name: String
  private let hiddenName: String
  package let staging: FileTree

  /// - Parameters:
  ///   - directory: an existing directory on tmpfs, such as an `emptyDir` with `medium: Memory`.
  ///   - name: what to publish as; must be new.
  ///   - neededBytes: refused at once when less is free.
  ///   - acceptingSwap: true lets plaintext reach a swap device.
  ///   - token: a random name part, so that nobody can make the hidden directory first.
  package init(
    directory: String, name: String, neededBytes: Int, acceptingSwap: Bool, token: String
  ) throws(PlatformError) {
    parent = try FileTree.open(directory)
    try Self.requireTmpfs(parent)
    if !acceptingSwap { try SwapAreas.requireNone() }
    let free = try Self.freeBytes(parent)
    guard free >= neededBytes else { throw .notEnoughMemory(needed: neededBytes, free: free) }
    guard !parent.contains(name) else { throw .alreadyExists(.publish) }
    self.name = name
    hiddenName = ".\(name).\(token)"
    staging = try parent.createDirectory(hiddenName)
  }

  /// Bytes the memory file system must have for files of these sizes: whole pages, and one page a name.
  package static func footprint(of sizes: [Int]) -> Int {
    sizes.reduce(1 << 20) { sum, size in
      let (rounded, overflow) = size.addingReportingOverflow(2 * 4096 - 1)
      let (next, overflowAgain) = sum.addingReportingOverflow(rounded & ~4095)
      return overflow || overflowAgain ? Int.max : next
    }
  }

  private static func describe(_ tree: FileTree) throws(PlatformError) -> cplatform_volume {
    var volume = cplatform_volume()
    try check(unsafe cplatform_describe_volume(tree.descriptor.number, &volume), .describeVolume)
    return volume
  }

  private static func requireTmpfs(_ tree: FileTree) throws(PlatformError) {
    guard try describe(tree).kind == UInt64(CPLATFORM_TMPFS) else { throw .notTmpfs }
  }

  private static func freeBytes(_ tree: FileTree) throws(PlatformError) -> Int {
    Int(clamping: try describe(tree).free_bytes)
  }

  package var publishedPath: String { "\(parent.path)/\(name)" }

  /// Makes every file read-only and gives the directory its name.
  package func publish() throws(PlatformError) {
    try staging.protect(files: 0o400, directories: 0o500)
    try parent.rename(hiddenName, to: name)
  }

  /// Gives the memory back, published or not. The kernel clears pages before another process gets them.
  package func wipe() throws(PlatformError) {
    try parent.remove(hiddenName)
    try parent.remove(name)
  }
}
