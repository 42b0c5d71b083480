import Bytes
import Evidence

/// A field or a value that a person named and that does not exist.
package struct SimulatorError: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

extension SimulatedSNP {
  private static var octets: [String: (WritableKeyPath<SimulatedSNP, [UInt8]>, Int)] {
    [
      "family-id": (\.familyID, 16), "image-id": (\.imageID, 16), "measurement": (\.measurement, 48),
      "host-data": (\.hostData, 32), "id-key-digest": (\.idKeyDigest, 48), "author-key-digest": (\.authorKeyDigest, 48),
      "report-id": (\.reportID, 32), "report-id-ma": (\.reportIDMA, 32), "chip-id": (\.chipID, 64),
    ]
  }
  private static var words: [String: WritableKeyPath<SimulatedSNP, UInt32>] {
    [
      "version": \.version, "guest-svn": \.guestSVN, "vmpl": \.vmpl, "signature-algorithm": \.signatureAlgorithm,
    ]
  }
  private static var longs: [String: WritableKeyPath<SimulatedSNP, UInt64>] {
    [
      "policy": \.policy, "platform-info": \.platformInfo, "launch-mitigations": \.launchMitigations,
      "current-mitigations": \.currentMitigations,
    ]
  }
  private static var versions: [String: WritableKeyPath<SimulatedSNP, TCBVersion.Components>] {
    [
      "reported-tcb": \.reportedTCB, "committed-tcb": \.committedTCB, "current-tcb": \.currentTCB,
      "launch-tcb": \.launchTCB,
    ]
  }

  /// The names that `set` takes.
  package static var fieldNames: [String] {
    (Array(octets.keys) + Array(words.keys) + Array(longs.keys) + Array(versions.keys) + [
      "key-info", "cpu", "csp-id", "signing-key", "tcb",
    ]).sorted()
  }

  /// Sets a field by name. Bytes are hexadecimal, numbers decimal or `0x…`, TCB versions
  /// `[fmc.]bootloader.tee.snp.microcode`, a processor `family/model/stepping` in hexadecimal.
  package mutating func set(_ field: String, to text: String) throws {
    if let (path, count) = Self.octets[field] {
      let bytes = try Hex.decode(text, "value")
      guard bytes.count == count else { throw SimulatorError(description: "\(field) has \(count) bytes") }
      self[keyPath: path] = bytes
    } else if let path = Self.words[field] {
      self[keyPath: path] = try Self.number(text)
    } else if let path = Self.longs[field] {
      self[keyPath: path] = try Self.number(text)
    } else if let path = Self.versions[field] {
      self[keyPath: path] = try components(text)
    } else {
      try setOther(field, text)
    }
  }

  private mutating func setOther(_ field: String, _ text: String) throws {
    switch field {
    case "tcb": setTCB(try components(text))
    case "key-info": keyInfo = try Self.number(text)
    case "csp-id": cspID = text
    case "cpu":
      let parts = text.split(separator: "/").compactMap { UInt8($0, radix: 16) }
      guard parts.count == 3 else {
        throw SimulatorError(description: "cpu is family/model/stepping, such as 19/01/01")
      }
      cpu = CPUIdentity(family: parts[0], model: parts[1], stepping: parts[2])
    case "signing-key":
      guard ["vcek", "vlek"].contains(text) else { throw SimulatorError(description: "signing-key is vcek or vlek") }
      if text == "vlek" { useVLEK() } else { signingKey = .vcek }
    default:
      let names = Self.fieldNames.joined(separator: ", ")
      throw SimulatorError(description: "no field \(field); there are \(names)")
    }
  }

  private static func number<T: FixedWidthInteger>(_ text: String) throws -> T {
    let value = text.hasPrefix("0x") ? T(text.dropFirst(2), radix: 16) : T(text)
    guard let value else { throw SimulatorError(description: "\(text) is no number of \(T.bitWidth) bits") }
    return value
  }

  private func components(_ text: String) throws -> TCBVersion.Components {
    let parts = text.split(separator: ".").compactMap { UInt8($0) }
    let hasFMC = authority.product == .turin
    guard parts.count == (hasFMC ? 5 : 4) else {
      throw SimulatorError(description: "a TCB version is \(hasFMC ? "fmc." : "")bootloader.tee.snp.microcode")
    }
    let rest = Array(parts.suffix(4))
    return TCBVersion.Components(
      fmc: hasFMC ? parts[0] : nil, bootLoader: rest[0], tee: rest[1], snp: rest[2], microcode: rest[3])
  }
}
