import Glibc
import Platform

/// A built program of this package, run as its own process.
struct RunningProgram {
  let process: Int32
  let folder: String

  static let agentPath = "\(products)/vouchsafe-agent"
  static let toolPath = "\(products)/vouchsafe"

  /// Where this package's programs are built: beside the tests.
  private static let products: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
  }()

  static var isBuilt: Bool { unsafe access(agentPath, X_OK) == 0 && access(toolPath, X_OK) == 0 }

  /// Starts it with its streams in files of `folder`.
  init(
    _ path: String, _ arguments: [String], environment: [String] = [], folder: String
  ) throws {
    self.folder = folder
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/stdout", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/stderr", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      unsafe words.forEach { unsafe free($0) }
      unsafe variables.forEach { unsafe free($0) }
    }
    var process: pid_t = 0
    let result = unsafe posix_spawn(&process, path, &actions, nil, &words, &variables)
    guard result == 0 else { throw PlatformError.system(.startProcess, errno: result) }
    self.process = process
  }

  /// The exit status, or 128 and the number of the signal.
  func status() async throws -> Int32 {
    let process = process
    return try await OwnThread.run {
      var status: Int32 = 0
      while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
      return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
    }
  }

  func text(_ name: String) -> String {
    String(decoding: (try? SmallFile.read("\(folder)/\(name)", limitBytes: 1 << 20)) ?? [], as: UTF8.self)
  }

  /// Waits until the file has something.
  func waitForText(_ name: String) async throws -> String {
    for _ in 0..<2000 {
      let text = text(name)
      if text.hasSuffix("\n") { return text }
      try await Task.sleep(for: .milliseconds(10))
    }
    return text(name)
  }
}
