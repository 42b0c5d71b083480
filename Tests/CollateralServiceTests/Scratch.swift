import Glibc
import Platform

/// A folder of a test's own, which is removed with this value.
final class Scratch: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/vouchsafe-fetcher-XXXXXX".utf8CString)
    path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? ""
  }

  deinit {
    _ = try? ChildProcess.start(ChildPlan(path: "/bin/rm", arguments: ["-r", path])).wait(milliseconds: 10_000)
  }
}
