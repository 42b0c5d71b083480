import Glibc
import Synchronization
import TestSupport
import TransparencyLog

/// A hostile file system in memory: it keeps what it promised to keep, and of everything else what hurts most.
///
/// For each file it holds what is durable and what is visible, with the writes between them; for each name of a directory
/// likewise. A power loss keeps each un-synced write with probability .4, tears it with .3 and loses it otherwise, and
/// keeps or loses each un-synced name independently. A failed sync leaves half of its writes durable, drops the others
/// for good, and goes on showing all of them.
package final class CrashFS: DurableIO {
  /// Ways to break the promise, to see that the tests notice.
  package enum Fault: String, CaseIterable, Sendable {
    case none, noFileSync, noDirectorySync, noTailRewrite, releaseBeforeSync, noFirstDirectorySync, noTileSync
    case noBlobSync
  }

  /// What ends a process, counted in operations since its start.
  package struct Plan: Sendable {
    package var crashAtOperation: Int?
    /// Dies in the operation after this many renames.
    package var crashAfterRename: Int?
    package var failSync: Int?
    package var failDirectorySync: Int?
    package var failWrite: Int?

    package init(
      crashAtOperation: Int? = nil, crashAfterRename: Int? = nil, failSync: Int? = nil,
      failDirectorySync: Int? = nil, failWrite: Int? = nil
    ) {
      self.crashAtOperation = crashAtOperation
      self.crashAfterRename = crashAfterRename
      self.failSync = failSync
      self.failDirectorySync = failDirectorySync
      self.failWrite = failWrite
    }
  }

  /// `errno` of the operations of a process that is dead.
  package static let dead: Int32 = 9999

  let fault: Fault
  let state: Mutex<CrashState>

  package init(seed: UInt64 = 0, fault: Fault = .none) {
    self.fault = fault
    state = Mutex(CrashState(random: SeededGenerator(seed: seed ^ 0xD15C)))
  }

  // MARK: What happens to the machine

  /// Starts a process.
  package func boot(_ plan: Plan) { state.withLock { $0.boot(plan) } }

  /// The process is gone, the machine is not: everything visible stays.
  package func kill() { boot(Plan()) }

  package func losePower() {
    state.withLock { state in
      state.loseWrites()
      state.loseNames(of: 0)
      state.boot(Plan())
    }
  }

  /// Whether the running process has met its crash or an injected failure.
  package var hasFailed: Bool { state.withLock { $0.isDead } }
  package var operations: Int { state.withLock { $0.operations } }

  // MARK: For tests that look at things and damage them

  package var names: [String] { state.withLock { $0.names(below: 0, "").sorted() } }

  package subscript(_ name: String) -> [UInt8]? {
    get { state.withLock { state in state.file(name).map { state.files[$0].visible } } }
    set { state.withLock { $0.replace(name, newValue) } }
  }

  /// A second disk with the same files, all durable.
  package func copy() -> CrashFS {
    let other = CrashFS()
    for name in names { other[name] = self[name] }
    return other
  }

  /// Whether any file ever made, named or not, holds these bytes.
  package func holds(_ bytes: [UInt8]) -> Bool {
    state.withLock { state in
      state.files.contains { Self.contains($0.visible, bytes) || Self.contains($0.durable, bytes) }
    }
  }

  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    unsafe text.withUnsafeBytes { text in
      unsafe part.withUnsafeBytes { part in
        guard let wanted = part.baseAddress, let start = text.baseAddress, part.count > 0 else { return false }
        var at = 0
        while text.count - at >= part.count {
          guard let found = unsafe memchr(start + at, Int32(part[0]), text.count - at) else { return false }
          at = unsafe UnsafeRawPointer(found) - start
          if text.count - at >= part.count, unsafe memcmp(start + at, wanted, part.count) == 0 { return true }
          at += 1
        }
        return false
      }
    }
  }
}
