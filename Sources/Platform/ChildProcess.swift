import CPlatform
import Glibc

/// What a child process is started with. Nothing else of ours reaches it: no variable, no descriptor, no capability.
package struct ChildPlan: Equatable, Sendable {
  /// An absolute path; no search.
  package var path: String
  /// The arguments after the program's name.
  package var arguments: [String]
  /// The whole environment.
  package var environment: [String: String]
  package var directory: String?
  /// Descriptors for standard input, output and error; `nil` is `/dev/null`.
  package var input: Int32?
  package var output: Int32?
  package var error: Int32?
  /// What it is behind; `nil`: nothing but what every child lacks.
  package var room: SealedRoom?

  package init(
    path: String, arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
    input: Int32? = nil, output: Int32? = 1, error: Int32? = 2, room: SealedRoom? = nil
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.input = input
    self.output = output
    self.error = error
    self.room = room
  }
}

/// A started child: leader of a session and group of its own.
package struct ChildProcess: Sendable {
  package let identifier: Int32
  let watch: FileDescriptor

  /// Starts the program in its own session, without new privileges, capabilities or core files. The kernel kills it when
  /// the calling *thread* ends. In a room with processes of its own this is the room's first, which passes signals on to
  /// the program's group and ends as the program does.
  /// - Throws: `.wall` for a wall that cannot be built, and `.system(.startProcess, …)` with the number of whatever else
  ///   failed, a missing program included.
  package static func start(_ plan: ChildPlan) throws(PlatformError) -> ChildProcess {
    let identifier = try spawn(plan)
    do throws(PlatformError) {
      let watch = FileDescriptor(try check(cplatform_open_process(identifier), .watchProcess))
      return ChildProcess(identifier: identifier, watch: watch)
    } catch {
      kill(-identifier, SIGKILL)
      throw error
    }
  }

  private static func spawn(_ plan: ChildPlan) throws(PlatformError) -> Int32 {
    let arguments = CStrings([plan.path] + plan.arguments)
    let environment = CStrings(plan.environment.map { "\($0.key)=\($0.value)" }.sorted())
    let directory = CStrings(plan.directory.map { [$0] } ?? [])
    var request = unsafe cplatform_spawn_plan(
      path: arguments.pointers[0], arguments: arguments.pointers.baseAddress,
      environment: environment.pointers.baseAddress, directory: directory.pointers[0],
      input: plan.input ?? -1, output: plan.output ?? -1, error: plan.error ?? -1)
    guard let room = plan.room else { return try check(unsafe cplatform_spawn(&request), .startProcess) }
    return unsafe try RoomRequest(room).start(&request)
  }

  /// Sends a signal to the whole group: engines start workers that must hear it too.
  package func signal(_ number: Int32) { kill(-identifier, number) }

  /// Waits for the end of this child.
  /// - Returns: its status, or 128 and the number of the signal that ended it; `nil` when time ran out.
  package func wait(milliseconds: Int32) throws(PlatformError) -> Int32? {
    guard try check(cplatform_wait(watch.number, -1, -1, milliseconds), .watchProcess) != 0 else { return nil }
    var ended: Int32 = 0
    var status: Int32 = 0
    return try check(unsafe cplatform_reap(identifier, &ended, &status), .watchProcess) == 1 ? status : nil
  }
}

/// Strings in the form C wants them: a list of pointers that ends with NULL.
///
/// `@safe`: the memory is made here, changed nowhere, and freed here.
@safe final class CStrings {
  let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

  init(_ texts: [String]) {
    unsafe pointers = .allocate(capacity: texts.count + 1)
    unsafe pointers.initialize(repeating: nil)
    for (index, text) in texts.enumerated() { unsafe pointers[index] = strdup(text) }
  }

  deinit {
    unsafe pointers.forEach { unsafe free($0) }
    unsafe pointers.deallocate()
  }
}
