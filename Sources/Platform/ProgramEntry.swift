import Glibc

/// How a program that reads its signals from a descriptor begins.
package enum ProgramEntry {
  /// Runs `body` away from the first thread, which sleeps, and ends the process with the status it returns.
  ///
  /// An asynchronous `main` would wait in the runtime with every signal let through on the first thread; a SIGTERM would
  /// then end the process there, before anyone who reads the blocked signals sees it.
  package static func run(_ body: @escaping @Sendable () async -> Int32) -> Never {
    Task.detached { exit(await body()) }
    while true { pause() }
  }
}
