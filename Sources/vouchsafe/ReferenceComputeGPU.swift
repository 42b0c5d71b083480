import Appraisal
import Bytes
import Evidence
import Terminal
import Verification

/// `vouchsafe reference compute gpu`: a bundle's member `gpus`, of GPUs as they are, once their evidence is proved.
enum ReferenceComputeGPU {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let claims = try claims(arguments)
    let section = try section(claims, pinning: arguments.flag("--pin-devices"))
    switch format {
    case .json: Console.json(["gpus": section])
    case .text: Console.out(text(claims, section))
    }
    return .ok
  }

  /// What is not proved is not computed from.
  private static func claims(_ arguments: Arguments) throws(Failure) -> NVIDIAClaims {
    let evidence = try evidence(arguments)
    let endorsements = try CollateralBag(paths: arguments.values("--collateral")).endorsements
    let verdict = verifyDevices(
      evidence, with: endorsements, nonce: evidence.devices.first?.report.nonce ?? [],
      anchors: try EvidenceOptions.anchors(arguments), at: try EvidenceOptions.time(arguments))
    switch verdict {
    case .success(let claims):
      guard let finding = claims.findings.first else { return claims }
      throw Failure(
        finding.refusal.code.kind.exit, "reference compute gpu: the evidence is refused: \(finding.refusal)")
    case .failure(let refusal):
      throw Failure(refusal.code.kind.exit, "reference compute gpu: the evidence is refused: \(refusal)")
    }
  }

  private static func evidence(_ arguments: Arguments) throws(Failure) -> NVIDIAEvidence {
    let bytes = try EvidenceOptions.evidenceBytes(arguments)
    var reason = ""
    do throws(EvidenceError) {
      if case .nvidia(let evidence) = try UnverifiedEvidence.parse(bytes: bytes, tee: .nvidia) { return evidence }
    } catch { reason = ": \(Refusal(error))" }
    let path = try arguments.required("--evidence")
    throw Failure(.malformed, "reference compute gpu: \(path) is no evidence of NVIDIA GPUs\(reason)")
  }

  private static func section(_ claims: NVIDIAClaims, pinning: Bool) throws(Failure) -> JSONValue {
    let gpus = claims.gpus
    guard !gpus.isEmpty else { throw Failure(.usage, "reference compute gpu: switches alone make no bundle") }
    func distinct(_ values: [String]) -> JSONValue { .strings(Set(values).sorted()) }
    var section = JSONObject([("count", .int(gpus.count)), ("models", distinct(gpus.map(\.chip)))])
    let boards = gpus.compactMap(\.board)
    if boards.count == gpus.count { section["boards"] = distinct(boards) }
    section["modes"] = distinct(gpus.map(\.effectiveMode.rawValue))
    // Of several versions none is a floor that anybody chose: only a common one is written.
    if let driver = common(gpus.compactMap(\.driverVersion)) { section["minimumDriver"] = .string(driver) }
    if let vbios = common(gpus.map(\.firmwareVersion)) { section["minimumVBIOS"] = .string(vbios) }
    if pinning { section["devices"] = .strings(gpus.map { Hex.encode($0.keyDigest) }) }
    return .object(section)
  }

  private static func common(_ values: [String]) -> String? { Set(values).count == 1 ? values.first : nil }

  private static func text(_ claims: NVIDIAClaims, _ section: JSONValue) -> String {
    var lines = claims.devices.enumerated().map { index, device in
      let driver = device.driverVersion.map { ", driver \($0)" } ?? ""
      return
        "device \(index): \(device.chip), board \(device.board ?? "none")\(driver), VBIOS \(device.firmwareVersion)"
    }
    if claims.simulated { lines.append("SIMULATED evidence") }
    if section["minimumVBIOS"] == nil { lines.append("Their VBIOS versions differ: choose a minimumVBIOS.") }
    lines.append("\"gpus\": \(CanonicalJSON.pretty(section).trimmingNewline)")
    return lines.joined(separator: "\n") + "\n"
  }
}

extension String {
  fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
