import CPlatform
import Glibc

/// A directory of the guest's memory in which a model appears all at once or not at all.
///
/// What is written lies in a hidden directory of mode 0700 until `publish` gives it its name by one rename. What an agent
/// left that was killed is removed by the next one; what a living one uses is never touched.
package final class TmpfsVolume: Sendable {
  private let parent: FileTree
  private let name: String
  private let lease: VolumeLease
  private let record: VolumeLease.Record
  package let staging: FileTree

  /// - Parameters:
  ///   - directory: an existing directory on tmpfs, such as an `emptyDir` with `medium: Memory`.
  ///   - name: what to publish as; must be new, but for what a dead agent left under it.
  ///   - neededBytes: refused at once when less is free.
  ///   - acceptingSwap: true lets plaintext reach a swap device.
  ///   - token: a random name part of letters and digits, so that nobody can make the hidden directory first.
  /// - Throws: `.inUse` while another agent has the name, `.alreadyExists` when something else has it.
  package init(
    directory: String, name: String, neededBytes: Int, acceptingSwap: Bool, token: String
  ) throws(PlatformError) {
    let parent = try FileTree.open(directory)
    try Self.requireTmpfs(parent)
    if !acceptingSwap { try SwapAreas.requireNone() }
    try VolumeLease.sweep(parent)
    let lease = try VolumeLease.take(name, in: parent)
    do throws(PlatformError) {
      let free = try Self.freeBytes(parent)
      guard free >= neededBytes else { throw .notEnoughMemory(needed: neededBytes, free: free) }
      guard !parent.contains(name) else { throw .alreadyExists(.publish) }
      (staging, record) = try Self.makeStaging(lease, token, in: parent)
    } catch {
      try? lease.release()
      throw error
    }
    self.parent = parent
    self.name = name
    self.lease = lease
  }

  /// Recorded before it is made, and by its inode before anything is in it.
  private static func makeStaging(
    _ lease: VolumeLease, _ token: String, in parent: FileTree
  ) throws(PlatformError) -> (FileTree, VolumeLease.Record) {
    try lease.record(.init(token: token, inode: 0))
    let staging = try parent.createDirectory(lease.hiddenName(token))
    let record = VolumeLease.Record(token: token, inode: parent.identity(of: lease.hiddenName(token))?.inode ?? 0)
    do throws(PlatformError) {
      try lease.record(record)
    } catch {
      try? lease.remove(record)
      throw error
    }
    return (staging, record)
  }

  /// Bytes the memory file system must have for files of these sizes: whole pages, and one page a name.
  package static func footprint(of sizes: [Int]) -> Int {
    sizes.reduce(1 << 20) { sum, size in
      let (rounded, overflow) = size.addingReportingOverflow(2 * 4096 - 1)
      let (next, overflowAgain) = sum.addingReportingOverflow(rounded & ~4095)
      return overflow || overflowAgain ? Int.max : next
    }
  }

  static func requireTmpfs(_ tree: FileTree) throws(PlatformError) {
    guard try tree.descriptor.isInMemory() else { throw .notTmpfs }
  }

  private static func freeBytes(_ tree: FileTree) throws(PlatformError) -> Int {
    Int(clamping: try tree.descriptor.volume().free_bytes)
  }

  package var publishedPath: String { "\(parent.path)/\(name)" }

  /// Makes every file read-only and gives the directory its name.
  package func publish() throws(PlatformError) {
    try staging.protect(files: 0o400, directories: 0o500)
    try parent.rename(lease.hiddenName(record.token), to: name)
  }

  /// Gives the memory back, published or not. The kernel clears pages before another process gets them. Afterwards the name
  /// may be another agent's, and is left alone.
  package func wipe() throws(PlatformError) {
    try lease.remove(record)
    try lease.release()
  }
}
