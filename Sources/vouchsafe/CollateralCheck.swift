import Bytes
import Collateral
import Cryptography
import Evidence
import Terminal
import Verification

/// `vouchsafe collateral check`: what a file holds, without any evidence and without any network.
enum CollateralCheck {
  private static let fileLimitBytes = 4 << 20

  /// One artefact and what was found out about it.
  private struct Row {
    let file: String
    let artefact: CollateralArtefact?
    let proof: ProvedArtefact?
    let refusal: Refusal?
  }

  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    guard !arguments.positional.isEmpty else { throw Failure(.usage, "collateral check: takes FILE..., got none") }
    let format = try arguments.output()
    let now = try EvidenceOptions.time(arguments)
    let anchors = try EvidenceOptions.anchors(arguments)
    let bag = try CollateralBag(paths: arguments.values("--collateral"))
    var files: [(path: String, artefacts: [CollateralArtefact])] = []
    for path in arguments.positional {
      files.append((path, CollateralArtefact.all(in: try Console.readFile(path, limit: fileLimitBytes))))
    }
    let carriers = Endorsements(bag.artefacts + files.flatMap(\.artefacts))
    let rows = files.flatMap { check($0.artefacts, $0.path, carriers, anchors, at: now) }
    switch format {
    case .json: Console.json(json(rows, at: now))
    case .text: Console.out(rows.map { Console.printable(text($0)) + "\n" }.joined())
    }
    return ExitCode.worst(rows.compactMap { $0.refusal?.exit })
  }

  private static func check(
    _ artefacts: [CollateralArtefact], _ path: String, _ carriers: Endorsements, _ anchors: Anchors, at now: Timestamp
  ) -> [Row] {
    guard !artefacts.isEmpty else {
      let refusal = Refusal(.malformed, "file", got: "no artefact that is known")
      return [Row(file: path, artefact: nil, proof: nil, refusal: refusal)]
    }
    return artefacts.map { artefact in
      do throws(Refusal) {
        let proof = try prove(artefact, with: carriers, anchors: anchors, at: now)
        return Row(file: path, artefact: artefact, proof: proof, refusal: proof.staleness)
      } catch { return Row(file: path, artefact: artefact, proof: nil, refusal: error) }
    }
  }

  private static func json(_ rows: [Row], at now: Timestamp) -> JSONValue {
    let refusal = rows.lazy.compactMap(\.refusal).first
    return .object([
      ("verdict", .string(refusal == nil ? "verified" : "refused")),
      ("code", .string(refusal?.code.rawValue ?? "verified")), ("at", .string(now.rfc3339)),
      ("simulated", .bool(rows.contains { $0.proof?.anchor.isSimulated ?? false })),
      ("artefacts", .array(rows.map(json))),
    ])
  }

  private static func json(_ row: Row) -> JSONValue {
    var object = JSONObject([
      ("file", .string(row.file)), ("kind", .string(row.artefact?.subject.kindName ?? "unknown")),
      ("verdict", .string(row.refusal == nil ? "verified" : "refused")),
      ("code", .string(row.refusal?.code.rawValue ?? "verified")),
    ])
    if case .answer(let answer) = row.artefact { object["status"] = .string(answer.status.word) }
    if let refusal = row.refusal { object["detail"] = .string("\(refusal)") }
    if let key = row.artefact.flatMap({ CollateralKey($0.subject) }) { object["key"] = .string(key.text) }
    guard let proof = row.proof else { return .object(object) }
    object["signer"] = .string(proof.signer)
    object["root"] = .string(proof.anchor.name)
    object["from"] = .string(proof.from.rfc3339)
    object["until"] = .string(proof.until.rfc3339)
    object["revocationChecked"] = .bool(proof.isRevocationChecked)
    object["simulated"] = .bool(proof.anchor.isSimulated)
    return .object(object)
  }

  private static func title(_ artefact: CollateralArtefact, _ proof: ProvedArtefact?) -> String {
    switch (artefact, artefact.subject) {
    case (.answer(let answer), let subject): "\(subject.title): \(answer.status.word)"
    case (_, .otherCertificate) where proof != nil: "certificate of NVIDIA's"
    case (_, .otherRevocationList) where proof != nil: "revocation list of NVIDIA's"
    case (_, let subject): subject.title
    }
  }

  private static func text(_ row: Row) -> String {
    let what = row.artefact.map { title($0, row.proof) } ?? "nothing that a vendor signs"
    guard let refusal = row.refusal else {
      guard let proof = row.proof else { return "\(row.file): \(what)" }
      let simulated = proof.anchor.isSimulated ? " SIMULATED" : ""
      return "\(row.file): \(what)\(simulated), signed by \(proof.signer), holds from \(proof.from.rfc3339) "
        + "until \(proof.until.rfc3339)"
    }
    return "\(row.file): \(what), refused: \(refusal)"
  }
}

extension Refusal {
  /// Here the artefact is the input, and one that cannot be read is malformed.
  fileprivate var exit: ExitCode { code == .collateralMalformed ? .malformed : code.kind.exit }
}

extension RevocationAnswer.Status {
  fileprivate var word: String {
    switch self {
    case .good: "good"
    case .revoked: "revoked"
    case .unknown: "unknown"
    }
  }
}

extension CollateralSubject {
  /// Stable, for programs.
  var kindName: String {
    switch self {
    case .tcbInfo: "tcbInfo"
    case .enclaveIdentity: "qeIdentity"
    case .malformedDocument: "malformedDocument"
    case .intelRoot, .amdRoot: "rootCertificate"
    case .intelSigner: "tcbSigningCertificate"
    case .intelAuthority, .amdIntermediate: "authorityCertificate"
    case .intelPlatform: "pckCertificate"
    case .amdVCEK: "vcekCertificate"
    case .amdVLEK: "vlekCertificate"
    case .intelRootRevocationList, .intelRevocationList, .amdRevocationList: "revocationList"
    case .nvidiaManifest: "referenceManifest"
    case .malformedManifest: "malformedManifest"
    case .revocationAnswer: "revocationAnswer"
    case .otherCertificate: "otherCertificate"
    case .otherRevocationList: "otherRevocationList"
    }
  }

  /// For people.
  fileprivate var title: String {
    switch self {
    case .tcbInfo(let id, let fmspc): "TCB info of Intel \(id) for platforms \(Hex.encode(fmspc))"
    case .enclaveIdentity(let id): "identity of Intel's enclave \(id)"
    case .malformedDocument(let field): "document of Intel's that cannot be read (\(field))"
    case .intelRoot: "root certificate of Intel"
    case .intelSigner: "certificate of Intel's TCB signer"
    case .intelAuthority(let authority): "certificate of Intel's \(authority.rawValue) authority"
    case .intelPlatform(let fmspc): "certificate of an Intel platform \(Hex.encode(fmspc))"
    case .intelRootRevocationList: "revocation list of Intel's root"
    case .intelRevocationList(let authority): "revocation list of Intel's \(authority.rawValue) authority"
    case .amdRoot(let product): "root certificate of AMD \(product.rawValue)"
    case .amdIntermediate(let product, let kind): "certificate of AMD \(product.rawValue)'s \(kind.rawValue) authority"
    case .amdVCEK(let product, _, _): "certificate of an AMD \(product.rawValue) chip"
    case .amdVLEK(let product, _): "certificate of a cloud's key for AMD \(product.rawValue)"
    case .amdRevocationList(let product): "revocation list of AMD \(product.rawValue)'s root"
    case .nvidiaManifest(let product, let edition, let version):
      "reference manifest of NVIDIA \(product) \(edition), version \(version)"
    case .malformedManifest(let field): "reference manifest of NVIDIA's that cannot be read (\(field))"
    case .revocationAnswer(let id): "answer about the revocation of certificate \(Hex.encode(id.serialNumber))"
    case .otherCertificate: "certificate of no vendor that is known"
    case .otherRevocationList: "revocation list of no vendor that is known"
    }
  }
}
