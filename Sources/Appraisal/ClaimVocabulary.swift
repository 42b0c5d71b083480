import Bytes
import Evidence
import Verification

/// A claim's value in the language of rules.
enum ClaimValue: Equatable, Hashable, Sendable {
  case text(String)
  case integer(UInt64)
  case flag(Bool)
}

/// The claims that a rule may speak of, each with its type. Closed: another name is an error when the rule is read.
enum ClaimVocabulary {
  enum Kind: Sendable {
    case word([String])
    case text
    case hex(Int)
    case integer
    case flag
  }

  struct Entry: Sendable {
    let kind: Kind
    /// `nil` when the platform has no such claim; a comparison is then false.
    let value: @Sendable (Facts) -> ClaimValue?
  }

  static func entry(_ name: String) -> Entry? { entries[name] }

  static let entries: [String: Entry] = {
    var entries: [String: Entry] = [
      "tee": Entry(kind: .word(["snp", "tdx"])) { .text($0.tee.rawValue) },
      "simulated": Entry(kind: .flag) { .flag($0.isSimulated) },
      "product": snp(.word(SNPProduct.allCases.map(\.rawValue))) { .text($0.product.rawValue) },
      "signingKey": snp(.word(["VCEK", "VLEK"])) { .text($0.signingKey.rawValue) },
      "cspID": snp(.text) { $0.cspID.map { .text($0) } },
      "measurement": snp(.hex(48)) { .text(Hex.encode($0.measurement)) },
      "hostData": snp(.hex(32)) { .text(Hex.encode($0.hostData)) },
      "chipID": snp(.hex(64)) { .text(Hex.encode($0.chipID)) },
      "idKeyDigest": snp(.hex(48)) { .text(Hex.encode($0.idKeyDigest)) },
      "authorKeyDigest": snp(.hex(48)) { $0.isAuthorKeyEnabled ? .text(Hex.encode($0.authorKeyDigest)) : nil },
      "familyID": snp(.hex(16)) { .text(Hex.encode($0.familyID)) },
      "imageID": snp(.hex(16)) { .text(Hex.encode($0.imageID)) },
      "reportVersion": snp(.integer) { .integer(UInt64($0.reportVersion)) },
      "guestSVN": snp(.integer) { .integer(UInt64($0.guestSVN)) },
      "vmpl": snp(.integer) { .integer(UInt64($0.vmpl)) },
      "revocationChecked": snp(.flag) { .flag($0.isRevocationChecked) },
    ]
    add(&entries, "reportedTCB") { $0.reportedTCB }
    add(&entries, "committedTCB") { $0.committedTCB }
    add(&entries, "launchTCB") { $0.launchTCB }
    for (name, bit) in BitNames.guestPolicy {
      entries["guestPolicy.\(name)"] = snp(.flag) { .flag($0.guestPolicy >> bit & 1 == 1) }
    }
    for (name, bit) in BitNames.platformInfo {
      entries["platformInfo.\(name)"] = snp(.flag) { .flag($0.platformInfo >> bit & 1 == 1) }
    }
    entries.merge(tdxEntries) { known, _ in known }
    entries.merge(gpuEntries) { known, _ in known }
    return entries
  }()

  private static func snp(_ kind: Kind, _ value: @escaping @Sendable (SNPFacts) -> ClaimValue?) -> Entry {
    Entry(kind: kind) { facts in
      switch facts.platform {
      case .snp(let snp): value(snp)
      case .tdx: nil
      }
    }
  }

  private static func add(
    _ entries: inout [String: Entry], _ name: String,
    _ tcb: @escaping @Sendable (SNPFacts) -> TCBVersion.Components
  ) {
    entries["\(name).fmc"] = snp(.integer) { tcb($0).fmc.map { .integer(UInt64($0)) } }
    entries["\(name).bootLoader"] = snp(.integer) { .integer(UInt64(tcb($0).bootLoader)) }
    entries["\(name).tee"] = snp(.integer) { .integer(UInt64(tcb($0).tee)) }
    entries["\(name).snp"] = snp(.integer) { .integer(UInt64(tcb($0).snp)) }
    entries["\(name).microcode"] = snp(.integer) { .integer(UInt64(tcb($0).microcode)) }
  }

  /// The literal of a rule, when it is of the claim's type; hexadecimal is compared in lower case.
  static func literal(_ value: JSONValue, _ kind: Kind) -> ClaimValue? {
    switch kind {
    case .word(let words): value.stringValue.flatMap { words.contains($0) ? .text($0) : nil }
    case .text: value.stringValue.flatMap { BundleText.isPlain($0) ? .text($0) : nil }
    case .hex(let count):
      value.stringValue.flatMap { text in
        (try? Hex.decode(text, "hex")).flatMap { $0.count == count ? .text(Hex.encode($0)) : nil }
      }
    case .integer: value.integer(UInt64.self).map { .integer($0) }
    case .flag: value.boolValue.map { .flag($0) }
    }
  }
}
