import CPlatform
import Glibc

/// What an ended engine leaves running: its group, and orphans that left the group and are now our children.
enum Remainder {
  /// Kills and reaps all of it, for at most about two seconds.
  static func end(of child: ChildProcess) {
    child.signal(SIGKILL)
    for _ in 0..<40 {
      for orphan in children() { kill(orphan, SIGKILL) }
      guard !reapAll() else { return }
      usleep(50_000)
    }
  }

  /// Whether no child is left.
  private static func reapAll() -> Bool {
    var ended: Int32 = 0
    var status: Int32 = 0
    while true {
      let result = unsafe cplatform_reap(-1, &ended, &status)
      if result < 0 { return true }
      if result == 0 { return false }
    }
  }

  /// Our children, as the kernel lists them for each thread.
  private static func children() -> [Int32] {
    guard let tasks = try? FileTree.open("/proc/self/task"), let threads = try? tasks.entries() else { return [] }
    return threads.flatMap { thread -> [Int32] in
      let list = try? SmallFile.read("/proc/self/task/\(thread.name)/children", limitBytes: 1 << 20)
      return (list ?? []).split(separator: UInt8(ascii: " ")).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
    }
  }
}
