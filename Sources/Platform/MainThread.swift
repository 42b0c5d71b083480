import Glibc

/// How a program that blocks signals runs asynchronous work.
package enum MainThread {
  /// Runs `body` on the language's threads and ends the process with its status.
  ///
  /// Not `await` at the top of `main.swift`: there the main thread ends up in `dispatch_main`, which waits with every
  /// signal unblocked, so that a signal meant for a supervisor ends the process instead.
  package static func run(_ body: @escaping @Sendable () async -> Int32) -> Never {
    Task.detached { end(await body()) }
    while true { pause() }
  }

  /// Ends the process now. Not `exit`, which takes libraries down under threads that still use them.
  package static func end(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
  }
}
