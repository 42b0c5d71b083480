import Platform
import TransparencyLog

extension LogError {
  /// What a person needs to know beyond the code: which call of the disk failed and what the system said.
  var reason: String {
    switch self {
    case .storage(let failure):
      "\(code), \(failure.operation.rawValue): \(SystemMessage.of(failure.number))"
    default: code
    }
  }
}
