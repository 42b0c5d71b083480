import Bytes
import Cryptography
import Glibc
import Platform
import SignedNotes
import TransparencyLog

@testable import Broker

/// A state that `init` made in a folder of its own, which is removed with this value.
final class StateFolder {
  static let now: Timestamp = 1_790_000_000
  let state: StateDirectory
  let approver: NoteSigner

  init() throws {
    var template = Array("/tmp/vouchsafe-state-XXXXXX".utf8CString)
    let path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? ""
    state = StateDirectory(path: path)
    approver = try NoteSigner(name: "approver", key: .random())
    _ = try Initialisation(
      state: state, logName: "vouchsafe.test/log", hostNames: [], approvers: [approver.verifierKey.text], quorum: 1
    ).run(at: Self.now)
  }

  deinit {
    _ = try? ChildProcess.start(ChildPlan(path: "/bin/rm", arguments: ["-r", state.path])).wait(milliseconds: 10_000)
  }

  /// Starts a broker on free ports and gives it back, or throws.
  func start(at now: Timestamp = now) async throws -> BrokerService {
    var configuration = BrokerConfiguration()
    configuration.listen.port = 0
    configuration.adminListen.port = 0
    return try await BrokerService.start(state: state, configuration: configuration) { now }
  }

  /// The sentence and the kind of the error that a start ends with; `nil` when it starts.
  func refusal(at now: Timestamp = now) async -> (sentence: String, kind: StartError.Kind)? {
    do { _ = try await start(at: now) } catch let error as StartError { return (error.sentence, error.kind) } catch {
      return ("\(error)", .usage)
    }
    return nil
  }

  func read(_ path: String) throws -> [UInt8] { try SmallFile.read(path, limitBytes: 1 << 24) }

  func write(_ path: String, _ bytes: [UInt8]) throws {
    unsafe unlink(path)
    try SmallFile.create(path, bytes)
  }

  func remove(_ path: String) { unsafe unlink(path) }
}
