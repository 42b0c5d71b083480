import Bytes
import Verification

extension ClaimVocabulary {
  /// The claims that only a TDX platform has.
  static let tdxEntries: [String: Entry] = {
    var entries: [String: Entry] = [
      "mrTD": tdx(.hex(48)) { .text(Hex.encode($0.mrTD)) },
      "mrConfigID": tdx(.hex(48)) { .text(Hex.encode($0.mrConfigID)) },
      "mrSeam": tdx(.hex(48)) { .text(Hex.encode($0.mrSeam)) },
      "ppid": tdx(.hex(16)) { .text(Hex.encode($0.ppid)) },
      "fmspc": tdx(.hex(6)) { .text(Hex.encode($0.fmspc)) },
      "tcbStatus": tdx(.word(TCBStatus.allCases.map(\.rawValue))) { .text($0.tcbStatus.rawValue) },
      "evaluationNumber": tdx(.integer) { .integer(UInt64($0.evaluationNumber)) },
    ]
    for index in 0..<4 {
      entries["rtmr\(index)"] = tdx(.hex(48)) { .text(Hex.encode($0.rtmr[index])) }
    }
    for (name, bit) in BitNames.tdAttributes {
      entries["tdAttributes.\(name)"] = tdx(.flag) { .flag($0.attributes >> bit & 1 == 1) }
    }
    return entries
  }()

  private static func tdx(_ kind: Kind, _ value: @escaping @Sendable (TDXFacts) -> ClaimValue?) -> Entry {
    Entry(kind: kind) { facts in
      switch facts.platform {
      case .snp: nil
      case .tdx(let tdx): value(tdx)
      }
    }
  }
}
