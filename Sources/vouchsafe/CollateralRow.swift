import Bytes
import Collateral
import Terminal
import Verification

/// One artefact as people and scripts see it.
struct CollateralRow {
  let record: CollateralRecord
  let proof: ProvedArtefact?
  /// Stable: `current`, `expired`, `notYetValid`, or the code of what was wrong.
  let state: String
  let detail: String
  let exit: ExitCode
  var refreshAt: Timestamp?

  init(_ item: CollateralShelf.Item, at now: Timestamp) {
    record = item.record
    proof = item.proof
    if item.isCurrent(at: now) {
      (state, detail, exit) = ("current", "", .ok)
      // Nobody fetched what only lies in a folder.
      if record.fetchedAt.seconds != 0 {
        refreshAt = Timestamp(seconds: RefreshSchedule.next(item, jitter: 0.5).seconds)
      }
    } else {
      state = now < item.proof.from ? "notYetValid" : "expired"
      detail = item.proof.staleness.map { "\($0)" } ?? ""
      exit = .stale
    }
  }

  init(_ record: CollateralRecord, _ fault: CollateralFault) {
    self.record = record
    proof = nil
    (state, detail, exit) = (fault.code, "\(fault)", fault.exit)
  }

  func json(at now: Timestamp) -> JSONValue {
    var object = JSONObject([
      ("key", .string(record.key.text)), ("state", .string(state)), ("sha256", .string(Hex.encode(record.digest))),
      ("source", .string(record.source)),
      ("fetchedAt", record.fetchedAt.seconds == 0 ? .null : .string(record.fetchedAt.rfc3339)),
    ])
    if !detail.isEmpty { object["detail"] = .string(detail) }
    guard let proof else { return .object(object) }
    object["signer"] = .string(proof.signer)
    object["from"] = .string(proof.from.rfc3339)
    object["until"] = .string(proof.until.rfc3339)
    object["secondsLeft"] = .int(proof.provedUntil.duration(since: now).components.seconds)
    object["refreshAt"] = refreshAt.map { .string($0.rfc3339) } ?? .null
    object["revocationChecked"] = .bool(proof.isRevocationChecked)
    object["simulated"] = .bool(proof.anchor.isSimulated)
    return .object(object)
  }

  func text(width: Int) -> String {
    let key = record.key.shortText
    let name = key + String(repeating: " ", count: max(1, width + 2 - key.count))
    guard let proof else { return "\(name)\(state): \(detail)" }
    let simulated = proof.anchor.isSimulated ? " SIMULATED" : ""
    let again = refreshAt.map { ", to be renewed at \($0.rfc3339)" } ?? ""
    return "\(name)\(state)\(simulated) until \(proof.provedUntil.rfc3339)\(again)"
  }

  static func text(_ rows: [CollateralRow]) -> String {
    let width = min(64, rows.map(\.record.key.shortText.count).max() ?? 0)
    return rows.map { Console.printable($0.text(width: width)) + "\n" }.joined()
  }
}
