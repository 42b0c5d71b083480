import Bytes
import Evidence
import Glibc
import SimulatedTEE
import Terminal

/// Guests made as the options say.
extension Simulator {
  static func snpGuest(_ arguments: Arguments) throws -> SimulatedSNP {
    let others = ["--mrtd", "--mrconfigid", "--quote-version"]
    let hasGPUs = arguments.value("--gpus") != nil || arguments.flag("--gpu-switches")
    try refuse(others + (hasGPUs ? [] : ["--issued-at", "--collateral"]), "tdx", arguments)
    let name = arguments.value("--product") ?? SNPProduct.milan.rawValue
    guard let product = SNPProduct(rawValue: name) else {
      let names = SNPProduct.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(.usage, "--product is one of \(names)")
    }
    var guest = SimulatedSNP(product, keys: try keys(arguments))
    do {
      if arguments.flag("--vlek") { try guest.set("signing-key", to: "vlek") }
      for field in ["measurement", "host-data", "vmpl", "tcb", "policy"] {
        if let value = arguments.value("--" + field) { try guest.set(field, to: value) }
      }
      if let version = arguments.value("--report-version") { try guest.set("version", to: version) }
      if arguments.flag("--debug") { guest.policy |= 1 << 19 }
      for (field, value) in try settings(arguments) { try guest.set(field, to: value) }
    } catch { throw Failure(.usage, "\(error)") }
    return guest
  }

  /// Also writes the collateral where asked to: without it nobody can judge the quote.
  static func tdxGuest(_ arguments: Arguments) throws -> SimulatedTDX {
    let others = ["--product", "--measurement", "--host-data", "--vmpl", "--tcb", "--report-version", "--policy"]
    try refuse(others, "snp", arguments)
    guard !arguments.flag("--vlek"), !arguments.flag("--no-certificates") else {
      throw Failure(.usage, "--vlek and --no-certificates are for --tee snp")
    }
    var guest = SimulatedTDX(issuedAt: try issueDate(arguments), keys: try keys(arguments).intel)
    do {
      if let version = arguments.value("--quote-version") { try guest.set("version", to: version) }
      for field in ["mrtd", "mrconfigid"] {
        if let value = arguments.value("--" + field) { try guest.set(field, to: value) }
      }
      if arguments.flag("--event-log") { guest.measure(.booted) }
      if arguments.flag("--debug") { guest.tdAttributes |= 1 }
      for (field, value) in try settings(arguments) { try guest.set(field, to: value) }
    } catch { throw Failure(.usage, "\(error)") }
    if let folder = arguments.value("--collateral") { try write(guest.collateral.files, folder) }
    return guest
  }

  private static func refuse(_ options: [String], _ tee: String, _ arguments: Arguments) throws(Failure) {
    for option in options where arguments.value(option) != nil {
      throw Failure(.usage, "\(option) is for --tee \(tee)")
    }
  }

  private static func settings(_ arguments: Arguments) throws -> [(String, String)] {
    try arguments.values("--set").map { setting in
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw SimulatorError(description: "--set takes FIELD=VALUE") }
      return (parts[0], parts[1])
    }
  }

  /// An hour ago unless told: Intel's documents are never from this very second.
  static func issueDate(_ arguments: Arguments) throws(Failure) -> Timestamp {
    guard let text = arguments.value("--issued-at") else {
      return Timestamp(seconds: Int64(time(nil)) - 3600)
    }
    guard let date = try? Timestamp(rfc3339: text) else {
      throw Failure(.usage, "--issued-at takes a time such as 2026-11-01T00:00:00Z")
    }
    return date
  }

  static func write(_ files: [(name: String, bytes: [UInt8])], _ folder: String) throws(Failure) {
    let made = unsafe mkdir(folder, 0o755)
    guard made == 0 || errno == EEXIST else {
      throw Failure(.usage, "cannot make \(folder): \(Console.systemMessage())")
    }
    for file in files {
      try Console.writeFile("\(folder)/\(file.name)", file.bytes, replacing: true)
    }
  }
}
