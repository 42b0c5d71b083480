import Bytes

extension SimulatedTDX {
  private static var octets: [String: (WritableKeyPath<SimulatedTDX, [UInt8]>, Int)] {
    [
      "mrtd": (\.mrTD, 48), "mrconfigid": (\.mrConfigID, 48), "mrowner": (\.mrOwner, 48),
      "mrownerconfig": (\.mrOwnerConfig, 48), "mrseam": (\.mrSEAM, 48), "mrsignerseam": (\.mrSignerSEAM, 48),
      "mrservicetd": (\.mrServiceTD, 48), "tee-tcb-svn": (\.teeTCBSVN, 16), "rtmr0": (\.rtmrs[0], 48),
      "rtmr1": (\.rtmrs[1], 48), "rtmr2": (\.rtmrs[2], 48), "rtmr3": (\.rtmrs[3], 48), "ppid": (\.platform.ppid, 16),
      "platform-instance-id": (\.platform.platformInstanceID, 16), "fmspc": (\.platform.fmspc, 6),
      "sgx-components": (\.platform.components, 16),
    ]
  }
  private static var words: [String: WritableKeyPath<SimulatedTDX, UInt64>] {
    ["td-attributes": \.tdAttributes, "xfam": \.xfam, "seam-attributes": \.seamAttributes]
  }
  private static var numbers: [String: WritableKeyPath<SimulatedTDX, Int>] {
    [
      "pcesvn": \.platform.pceSVN, "tcb-evaluation": \.collateral.tcbInfo.evaluationDataNumber,
      "qe-evaluation": \.collateral.qeIdentity.evaluationDataNumber,
    ]
  }
  /// The verdicts of the levels that the guest reaches unless something else is set.
  private static var verdicts: [String: WritableKeyPath<SimulatedTDX, SimulatedVerdict>] {
    [
      "tcb": \.collateral.tcbInfo.levels[0].verdict, "module": \.collateral.tcbInfo.modules[1].levels[0].verdict,
      "qe": \.collateral.qeIdentity.levels[0].verdict,
    ]
  }

  /// The names that `set` takes.
  package static var fieldNames: [String] {
    let parts = verdicts.keys.flatMap { name in ["status", "advisories", "date"].map { "\(name)-\($0)" } }
    let others = ["version", "tee-tcb-svn2", "qe-isvsvn", "padded-to", "certificate-authority"]
    return (Array(octets.keys) + Array(words.keys) + Array(numbers.keys) + parts + others).sorted()
  }

  /// Sets a field by name. Bytes are hexadecimal, numbers decimal or `0x…`, advisories parted by commas.
  package mutating func set(_ field: String, to text: String) throws {
    if let (path, count) = Self.octets[field] {
      self[keyPath: path] = try Self.octets(text, count, field)
      if field == "fmspc" { collateral.tcbInfo.fmspc = platform.fmspc }
    } else if let path = Self.words[field] {
      self[keyPath: path] = try Self.number(text)
    } else if let path = Self.numbers[field] {
      self[keyPath: path] = try Self.number(text)
    } else if let name = Self.verdicts.keys.first(where: { field.hasPrefix($0 + "-") }),
      let path = Self.verdicts[name], setVerdict(path, String(field.dropFirst(name.count + 1)), text)
    {
      return
    } else {
      try setOther(field, text)
    }
  }

  /// False for anything that is no part of a verdict.
  private mutating func setVerdict(
    _ path: WritableKeyPath<SimulatedTDX, SimulatedVerdict>, _ part: String, _ text: String
  ) -> Bool {
    switch part {
    case "status": self[keyPath: path].status = text
    case "advisories": self[keyPath: path].advisories = text.split(separator: ",").map(String.init)
    case "date": self[keyPath: path].date = text
    default: return false
    }
    return true
  }

  private mutating func setOther(_ field: String, _ text: String) throws {
    switch field {
    case "version":
      guard ["4", "5"].contains(text) else { throw SimulatorError(description: "version is 4 or 5") }
      if text == "5" { useVersion5() }
    case "tee-tcb-svn2": teeTCBSVN2 = try Self.octets(text, 16, field)
    case "qe-isvsvn": qeReport.isvSVN = try Self.number(text)
    case "padded-to": paddedTo = try Self.number(text)
    case "certificate-authority":
      guard ["platform", "processor"].contains(text) else {
        throw SimulatorError(description: "certificate-authority is platform or processor")
      }
      platform.authority = text == "platform" ? .platform : .processor
    default:
      let names = Self.fieldNames.joined(separator: ", ")
      throw SimulatorError(description: "no field \(field); there are \(names)")
    }
  }

  private static func octets(_ text: String, _ count: Int, _ field: String) throws -> [UInt8] {
    let bytes = try Hex.decode(text, "value")
    guard bytes.count == count else { throw SimulatorError(description: "\(field) has \(count) bytes") }
    return bytes
  }

  private static func number<T: FixedWidthInteger>(_ text: String) throws -> T {
    let value = text.hasPrefix("0x") ? T(text.dropFirst(2), radix: 16) : T(text)
    guard let value else { throw SimulatorError(description: "\(text) is no number of \(T.bitWidth) bits") }
    return value
  }
}
