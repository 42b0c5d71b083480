import Synchronization

/// A value that is worked out when it is first asked for, and kept. What it is follows from its owner alone, so nobody can
/// tell when that was. What `keep` is given is proved by its owner's bytes, such as the key that signed them: to know it
/// saves work and changes no answer.
struct Settled<Value: Sendable>: ~Copyable, Sendable {
  private let value = Mutex<Value?>(nil)

  /// - Parameter work: may run more than once when several ask at the same time.
  func value<E: Error>(_ work: () throws(E) -> Value) throws(E) -> Value {
    if let known { return known }
    return keep(try work())
  }

  /// The first value that was kept, which stays for as long as this does.
  @discardableResult func keep(_ made: Value) -> Value {
    value.withLock { kept in
      if kept == nil { kept = made }
      return kept ?? made
    }
  }

  var known: Value? { value.withLock { $0 } }
}
