import CPlatform

/// The first act of every program, before it reads an argument.
package enum ProcessHardening {
  /// Gives crash signals back to the kernel (the Swift runtime's handler prints the memory registers point at), forbids
  /// core files, and forbids other processes of the same user to read this one's memory.
  package static func apply() throws(PlatformError) {
    try check(cplatform_reset_crash_signals(), .harden)
    try forbidDumps()
  }

  static func forbidDumps() throws(PlatformError) { try check(cplatform_forbid_dumps(), .harden) }

  /// Whether a crash of this process could leave its memory anywhere.
  package static var isDumpable: Bool { cplatform_is_dumpable() != 0 }
}

/// Turns the door's `-errno` into an error.
@discardableResult
func check(_ result: Int32, _ step: PlatformError.Step) throws(PlatformError) -> Int32 {
  guard result < 0 else { return result }
  throw .system(step, errno: -result)
}
