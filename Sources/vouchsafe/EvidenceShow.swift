import Bytes
import Cryptography
import Evidence
import Terminal
import Verification

/// `vouchsafe evidence show`: what evidence says before anybody has checked it, or the roots that are built in.
enum EvidenceShow {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    if arguments.flag("--anchors") {
      showAnchors(format)
      return .ok
    }
    switch try EvidenceOptions.parseEvidence(arguments).result {
    case .failure(let error):
      let refusal = Refusal(error)
      throw Failure(refusal.code.kind.exit, "evidence show: \(refusal)")
    case .success(.snp(let evidence)):
      show("snp", "report", evidence.report.unverifiedMembers, evidence.certificates.map(\.summary), format)
    case .success(.tdx(let evidence)):
      show("tdx", "quote", evidence.unverifiedMembers, [], format)
    case .success(.nvidia(let evidence)):
      show("nvidia", "devices", evidence.unverifiedMembers, [], format)
    }
    return .ok
  }

  private static func show(
    _ tee: String, _ noun: String, _ members: [(String, JSONValue)], _ certificates: [String], _ format: OutputFormat
  ) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("tee", .string(tee)), ("verified", false), (noun, .object(members)),
          ("certificates", .strings(certificates)),
        ]))
    case .text:
      Console.line("UNVERIFIED \(tee) \(noun): nobody has checked what it says")
      for (name, value) in members { Console.line(Console.printable("  \(name): \(value.plainText)")) }
      for certificate in certificates { Console.line(Console.printable("  carries \(certificate)")) }
    }
  }

  private static func showAnchors(_ format: OutputFormat) {
    let anchors = Anchors.builtIn.all
    switch format {
    case .json:
      let list = anchors.map { anchor in
        JSONValue.object([
          ("name", .string(anchor.name)), ("tee", .string(anchor.tee.rawValue)), ("product", .string(anchor.product)),
          ("subject", .string(DistinguishedName(der: anchor.trust.subject).description)),
          ("spkiSHA256", .string(anchor.fingerprint)),
        ])
      }
      Console.json(.object([("anchors", .array(list))]))
    case .text:
      for anchor in anchors {
        Console.line("\(anchor.name)  \(anchor.tee.rawValue)  SHA-256 of the public key: \(anchor.fingerprint)")
      }
    }
  }
}

extension CarriedCertificate {
  fileprivate var summary: String {
    let name: String =
      switch kind {
      case .ark: "ARK"
      case .ask: "ASK"
      case .vcek: "VCEK"
      case .vlek: "VLEK"
      case .crl: "CRL"
      case .empty: "Empty"
      case .other(let guid): guid
      }
    return "\(name), \(der.count) bytes, SHA-256 \(Hex.encode(Hash.sha256.digest(der)))"
  }
}

extension SNPReport {
  fileprivate var unverifiedMembers: [(String, JSONValue)] {
    let layout = cpu.flatMap { SNPProduct($0) }?.layout ?? .family19
    func hex(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encode(bytes)) }
    return [
      ("version", .int(version)), ("cpu", cpu.map { .string($0.text) } ?? .null),
      ("measurement", hex(measurement)), ("reportData", hex(reportData)), ("hostData", hex(hostData)),
      ("vmpl", .int(vmpl)), ("policy", policy.json), ("guestSVN", .int(guestSVN)),
      ("familyID", hex(familyID)), ("imageID", hex(imageID)), ("idKeyDigest", hex(idKeyDigest)),
      ("authorKeyDigest", hex(authorKeyDigest)), ("signingKey", .string("\(signingKey)")), ("chipID", hex(chipID)),
      ("reportedTCB", reportedTCB.components(layout).json), ("committedTCB", committedTCB.components(layout).json),
      ("currentTCB", currentTCB.components(layout).json), ("launchTCB", launchTCB.components(layout).json),
      ("platformInfo", platformInfo.json),
    ]
  }
}

extension TDXEvidence {
  fileprivate var unverifiedMembers: [(String, JSONValue)] {
    [
      ("version", .int(quote.version)), ("enclaveSVN", .int(quote.enclave.isvSVN)),
      ("events", eventLog.map { .int($0.events.count) } ?? .null), ("padding", .int(quote.paddingCount)),
    ] + quote.body.members
  }
}

extension NVIDIAEvidence {
  fileprivate var unverifiedMembers: [(String, JSONValue)] {
    devices.enumerated().map { ("device[\($0.offset)]", $0.element.unverified) }
  }
}

extension DeviceEvidence {
  fileprivate var unverified: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    let opaque = report.opaque
    return .object([
      ("arch", text(claimedArchitecture)), ("nonce", .string(Hex.encode(report.nonce))),
      ("driverVersion", text(opaque.driverVersion)), ("vbiosVersion", text(opaque.firmwareVersion)),
      ("project", text(opaque.project)), ("projectSKU", text(opaque.projectSKU)), ("chipSKU", text(opaque.chipSKU)),
      ("mode", text(opaque.mode?.rawValue)), ("firmwareID", text(opaque.firmwareID.map { Hex.encode($0) })),
      ("measurements", .array(report.measurements.map { .string(Hex.encode($0)) })),
      ("padding", .int(report.paddingCount)),
    ])
  }
}

extension JSONValue {
  /// A value on one line, without quotes around plain text.
  fileprivate var plainText: String {
    stringValue ?? String(decoding: CanonicalJSON.encode(self), as: UTF8.self)
  }
}
