import Bytes
import Evidence

/// A requirement of an advisory, or several of which one is enough.
///
/// JSON: `{"tcb":"snp","atLeast":23,…}`, `{"platformInfo":NAME,"set":B,…}`, `{"guestPolicy":NAME,"set":B,…}`,
/// `{"launchMitigations":"0x3",…}`, `{"currentMitigations":"0x3",…}`, each with `confirmed` and `source`; or
/// `{"anyOf":[…]}` of these.
struct AdvisoryClause: Equatable, Sendable {
  /// Never empty.
  let alternatives: [AdvisoryRequirement]

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    guard let items = try reader.optionalArray("anyOf") else {
      alternatives = [try AdvisoryRequirement(parsing: reader)]
      return
    }
    var alternatives: [AdvisoryRequirement] = []
    for item in items {
      alternatives.append(try AdvisoryRequirement(parsing: try JSONReader(item, reader.name("anyOf"))))
    }
    guard alternatives.count > 1 else { throw ParseError(reader.name("anyOf"), .missing) }
    guard alternatives.count <= 8 else { throw ParseError(reader.name("anyOf"), .tooLong) }
    self.alternatives = alternatives
    try reader.finish()
  }

  /// Nothing in it is in doubt.
  var isConfirmed: Bool { alternatives.allSatisfy(\.source.isConfirmed) }

  var sentence: String { alternatives.map { $0.sentence + $0.source.mark }.joined(separator: ", or ") }

  /// The first alternative's shortfall, when none is met.
  func shortfall(_ facts: SNPFacts) -> AdvisoryRequirement.Shortfall? {
    let missed = alternatives.compactMap { $0.shortfall(facts) }
    guard missed.count == alternatives.count, let first = missed.first else { return nil }
    return AdvisoryRequirement.Shortfall(
      field: first.field, got: first.got, wanted: missed.map(\.wanted).joined(separator: ", or "))
  }
}

/// One thing that a report must show.
struct AdvisoryRequirement: Equatable, Sendable {
  enum Component: String, Sendable { case fmc, bootLoader, tee, snp, microcode }

  enum Subject: Equatable, Sendable {
    /// A level of the firmware, as reported and as it was at launch.
    case tcb(Component, atLeast: UInt8)
    case platformInfo(name: String, bit: UInt64, isSet: Bool)
    case guestPolicy(name: String, bit: UInt64, isSet: Bool)
    /// All of these bits; a report before version 5 has none.
    case launchMitigations(UInt64)
    case currentMitigations(UInt64)
  }

  struct Shortfall: Equatable {
    let field: String
    let got: String
    let wanted: String
  }

  let subject: Subject
  let source: AdvisorySource

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    subject = try Self.subject(&reader)
    source = try AdvisorySource(of: &reader)
    try reader.finish()
  }

  private static func subject(_ reader: inout JSONReader) throws(ParseError) -> Subject {
    if reader.has("tcb") {
      guard let component = Component(rawValue: try reader.string("tcb")) else {
        throw ParseError(reader.name("tcb"), .unexpected)
      }
      return .tcb(component, atLeast: try reader.integer("atLeast"))
    }
    if reader.has("platformInfo") {
      let (name, bit, isSet) = try bit("platformInfo", BitNames.platformInfo, &reader)
      return .platformInfo(name: name, bit: bit, isSet: isSet)
    }
    if reader.has("guestPolicy") {
      let (name, bit, isSet) = try bit("guestPolicy", BitNames.guestPolicy, &reader)
      return .guestPolicy(name: name, bit: bit, isSet: isSet)
    }
    if reader.has("launchMitigations") { return .launchMitigations(try mask("launchMitigations", &reader)) }
    return .currentMitigations(try mask("currentMitigations", &reader))
  }

  private static func bit(
    _ key: String, _ names: [(name: String, bit: UInt64)], _ reader: inout JSONReader
  ) throws(ParseError) -> (String, UInt64, Bool) {
    let name = try reader.string(key)
    guard let bit = names.first(where: { $0.name == name })?.bit else {
      throw ParseError(reader.name(key), .unexpected)
    }
    return (name, bit, try reader.bool("set"))
  }

  private static func mask(_ key: String, _ reader: inout JSONReader) throws(ParseError) -> UInt64 {
    let text = try reader.string(key)
    guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16), value != 0,
      Mismatch.hex(value) == text
    else { throw ParseError(reader.name(key), .notCanonical) }
    return value
  }

  var sentence: String {
    switch subject {
    case .tcb(let component, let floor): "\(component.rawValue) at least \(floor)"
    case .platformInfo(let name, _, let isSet), .guestPolicy(let name, _, let isSet):
      "\(name) \(isSet ? "set" : "clear")"
    case .launchMitigations(let mask): "launch mitigations \(Mismatch.hex(mask))"
    case .currentMitigations(let mask): "current mitigations \(Mismatch.hex(mask))"
    }
  }
}

extension AdvisoryRequirement {
  /// What the platform lacks; `nil` when it lacks nothing.
  func shortfall(_ facts: SNPFacts) -> Shortfall? {
    switch subject {
    case .tcb(let component, let floor):
      Self.level("reportedTCB", component, facts.reportedTCB, floor)
        ?? Self.level("launchTCB", component, facts.launchTCB, floor)
    case .platformInfo(let name, let bit, let isSet):
      Self.bit("platformInfo.\(name)", facts.platformInfo, bit, isSet)
    case .guestPolicy(let name, let bit, let isSet): Self.bit("guestPolicy.\(name)", facts.guestPolicy, bit, isSet)
    case .launchMitigations(let mask): Self.mask("launchMitigations", facts.launchMitigations, mask)
    case .currentMitigations(let mask): Self.mask("currentMitigations", facts.currentMitigations, mask)
    }
  }

  private static func level(
    _ field: String, _ component: Component, _ tcb: TCBVersion.Components, _ floor: UInt8
  ) -> Shortfall? {
    let level: UInt8? =
      switch component {
      case .fmc: tcb.fmc
      case .bootLoader: tcb.bootLoader
      case .tee: tcb.tee
      case .snp: tcb.snp
      case .microcode: tcb.microcode
      }
    if let level, level >= floor { return nil }
    return Shortfall(
      field: "\(field).\(component.rawValue)", got: level.map { "\($0)" } ?? "none", wanted: "at least \(floor)")
  }

  private static func bit(_ field: String, _ value: UInt64, _ bit: UInt64, _ isSet: Bool) -> Shortfall? {
    let got = value >> bit & 1 == 1
    return got == isSet ? nil : Shortfall(field: field, got: got ? "1" : "0", wanted: isSet ? "1" : "0")
  }

  private static func mask(_ field: String, _ value: UInt64?, _ mask: UInt64) -> Shortfall? {
    guard (value ?? 0) & mask != mask else { return nil }
    return Shortfall(field: field, got: value.map(Mismatch.hex) ?? "none", wanted: "all of \(Mismatch.hex(mask))")
  }
}
