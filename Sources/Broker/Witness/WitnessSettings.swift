import Bytes
import Platform
import SignedNotes

/// Who countersigns the log, as the configuration says: `"witnesses": {"policyFile", "exchange", "startWaitSeconds"}`.
package struct WitnessSettings: Equatable, Sendable {
  /// A tlog-policy: the witnesses' keys, where they are, and how many must sign.
  package var policyFile: String
  /// The folder that a relay and this broker share; see `WitnessExchange`.
  package var exchange: String
  /// How long a start waits for the witnesses' answers.
  package var startWait = Duration.seconds(10)

  package init(policyFile: String, exchange: String, startWait: Duration = .seconds(10)) {
    self.policyFile = policyFile
    self.exchange = exchange
    self.startWait = startWait
  }

  init(_ reader: consuming JSONReader) throws(ParseError) {
    policyFile = try reader.string("policyFile")
    exchange = try reader.string("exchange")
    if let seconds = try reader.optionalInteger("startWaitSeconds", as: Int.self) {
      guard (1...3600).contains(seconds) else { throw ParseError("witnesses.startWaitSeconds", .outOfRange) }
      startWait = .seconds(seconds)
    }
    try reader.finish()
  }

  /// - Throws: `StartError.witnessPolicy` when the file cannot be used for this log.
  func policy(of log: NoteVerifierKey) throws -> QuorumPolicy {
    func refused(_ why: String) -> StartError { .witnessPolicy(file: policyFile, why: why) }
    let bytes: [UInt8]
    do { bytes = try SmallFile.read(policyFile, limitBytes: QuorumPolicy.limitBytes) } catch {
      throw refused("it cannot be read")
    }
    let policy: QuorumPolicy
    do throws(NoteError) { policy = try QuorumPolicy(parsing: bytes) } catch {
      throw refused("it is no tlog-policy (\(error.code))")
    }
    guard policy.quorum != nil else { throw refused("it says quorum none: nobody would have to sign") }
    guard policy.logs.isEmpty || policy.logs.contains(where: { $0.key == log }) else {
      throw refused("it is about other logs than \(log.text)")
    }
    return policy
  }
}
