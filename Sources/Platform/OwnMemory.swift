import CPlatform
import Glibc
import Synchronization

/// A memory file system that this process alone sees, with those it starts: it ends with them, however they end.
package enum OwnMemory {
  /// What the kernel gave.
  package struct Mount: Equatable, Sendable {
    package let hasHugePages: Bool
    /// Whether its pages never reach a swap device.
    package let neverSwaps: Bool
  }

  private static let mayMount = Atomic(false)

  /// Takes mounts of our own, where the process may. For the first lines of a program: only threads that are started later
  /// see them.
  package static func prepare() {
    mayMount.store(cplatform_own_mounts() == 0, ordering: .releasing)
  }

  /// Lays a new memory file system over `directory`, for what is as large as `bytes`.
  /// - Returns: `nil` where the process may not.
  /// - Throws: `.notEnoughMemory` when the machine has less.
  package static func mount(on directory: String, bytes: Int) throws(PlatformError) -> Mount? {
    guard mayMount.load(ordering: .acquiring) else { return nil }
    let free = try available()
    guard free >= bytes else { throw .notEnoughMemory(needed: bytes, free: free) }
    // What a killed agent left would be out of sight, and not out of memory.
    try VolumeLease.sweep(try FileTree.open(directory))
    let found = unsafe cplatform_mount_memory(directory, UInt64(bytes))
    guard found >= 0 else { return nil }
    return Mount(
      hasHugePages: found & Int32(CPLATFORM_HUGE_PAGES) != 0, neverSwaps: found & Int32(CPLATFORM_NO_SWAP) != 0)
  }

  /// What the kernel says can be had without paging anything out. A limit of the container shows when memory is taken.
  static func available(listedIn path: String = "/proc/meminfo") throws(PlatformError) -> Int {
    let text = try SmallFile.read(path, limitBytes: 1 << 16)
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard words.count == 3, words[0].elementsEqual("MemAvailable:".utf8) else { continue }
      if let kibibytes = Int(String(decoding: words[1], as: UTF8.self)), kibibytes < 1 << 50 { return kibibytes << 10 }
    }
    throw .system(.describeVolume, errno: EINVAL)
  }
}
