/// Why a witness did not sign. Spec: C2SP tlog-witness, "add-checkpoint".
package enum WitnessRefusal: Error, Equatable, Sendable {
  case malformed(LogError)
  /// The checkpoint's first line names no log that this witness watches.
  case unknownLog
  /// The log's own signature is missing or wrong.
  case untrusted(LogError)
  /// The old size is beyond the checkpoint's.
  case oldBeyondNew
  /// The witness knows the tree of another size than the request says.
  case stale(held: UInt64)
  /// The hashes do not lead from the tree that the witness knows to the one it is shown.
  case inconsistent
  /// The witness cannot make its answer durable, and signs nothing more in this process.
  case storeFailed

  package var status: Int {
    switch self {
    case .malformed, .oldBeyondNew: 400
    case .untrusted: 403
    case .unknownLog: 404
    case .stale: 409
    case .inconsistent: 422
    case .storeFailed: 503
    }
  }

  /// Stable, free of peer input.
  package var code: String {
    switch self {
    case .malformed: "malformed"
    case .unknownLog: "unknownLog"
    case .untrusted: "untrusted"
    case .oldBeyondNew: "oldBeyondNew"
    case .stale: "stale"
    case .inconsistent: "inconsistent"
    case .storeFailed: "storeFailed"
    }
  }

  package static let sizeContentType = "text/x.tlog.size"

  /// The body of the answer and its type: the size that the witness knows, or the code.
  package var body: (bytes: [UInt8], contentType: String) {
    if case .stale(let held) = self { return (Array("\(held)\n".utf8), Self.sizeContentType) }
    return (Array("\(code)\n".utf8), "text/plain; charset=utf-8")
  }
}
