import Bytes
import Terminal

/// One part that `vouchsafe doctor` looked at.
struct ExaminedPart {
  enum State: String {
    case ok
    /// Worth knowing, and no fault.
    case note
    /// Not there; whether that is a fault depends on what the machine is for.
    case none
    case fault
  }

  let name: String
  let state: State
  let detail: String
  /// How the command ends because of it.
  let exit: ExitCode

  init(_ name: String, _ state: State, _ detail: String, exit: ExitCode = .ok) {
    self.name = name
    self.state = state
    self.detail = detail
    self.exit = exit
  }

  var json: JSONValue {
    .object([("name", .string(name)), ("state", .string(state.rawValue)), ("detail", .string(detail))])
  }
}
