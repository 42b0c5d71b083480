import Bytes
import Cryptography
import Evidence

// From the platform's key, and from the key of what Intel signs, to an anchor.
extension TDXExamination {
  mutating func checkChain() throws(Refusal) -> Outcome {
    if platform == nil {
      guard let carried else { return .notReached }
      try follow(carried)
    }
    guard let platform else { return .notReached }
    return passed("\(platform.pck.certificate.issuer.commonName ?? ""), \(platform.path.anchor.name)")
  }

  /// With the lists at once; what only the lists refuse is left for the next check to name.
  private mutating func follow(_ carried: CarriedChain) throws(Refusal) {
    do throws(Refusal) {
      platform = try prover.prove(carried, at: moment)
    } catch {
      guard error.code.isAboutRevocation else { throw error }
      let lenient = CollateralProver(endorsements, anchors: anchors, ignoresRevocation: true)
      platform = try lenient.prove(carried, at: moment)
      revocationRefusal = error
    }
  }

  func checkRevocation() throws(Refusal) -> Outcome {
    guard let platform else { return .notReached }
    if let revocationRefusal { throw revocationRefusal }
    let lists = platform.path.chain.revocationLists
    guard let oldest = lists.map(\.thisUpdate).min() else {
      return .notApplicable("the lists and certificates were never valid together")
    }
    for list in lists {
      if let refusal = floors.refusal(list, under: platform.path.anchor) { throw refusal }
    }
    return passed("on none of \(lists.count) lists, the oldest of \(oldest.rfc3339)")
  }

  mutating func checkTCBInfo() throws(Refusal) -> Outcome {
    guard pck != nil else { return .notReached }
    guard !tcbInfos.isEmpty else {
      throw missing(.tcbInfo, wanted: "TDX TCB info of FMSPC \(pck.map { Hex.encode($0.fmspc) } ?? "")")
    }
    let (document, signer) = try prove(tcbInfos)
    guard let value = document.tcbInfo else { return .notReached }
    tcbInfo = ProvedDocument(value: value, digest: document.digest, signer: signer)
    return passed("evaluation \(value.evaluationNumber) of \(value.issueDate.rfc3339)\(unknown(value.unknownMembers))")
  }

  mutating func checkIdentity() throws(Refusal) -> Outcome {
    guard pck != nil else { return .notReached }
    guard !identities.isEmpty else { throw missing(.identity, wanted: "TD_QE") }
    let (document, signer) = try prove(identities)
    guard let value = document.identity else { return .notReached }
    identity = ProvedDocument(value: value, digest: document.digest, signer: signer)
    return passed("evaluation \(value.evaluationNumber) of \(value.issueDate.rfc3339)\(unknown(value.unknownMembers))")
  }

  /// The first document that Intel signed, under the very anchor of the platform.
  private func prove(_ documents: [IntelDocument]) throws(Refusal) -> (IntelDocument, ProvedPath) {
    var refusal: Refusal?
    for document in documents {
      do throws(Refusal) {
        let signer = try signer(of: document)
        guard platform == nil || signer.anchor == platform?.path.anchor else {
          throw Refusal(.chainUntrusted, document.kind.rawValue, got: signer.anchor.name, wanted: "the platform's root")
        }
        return (document, signer)
      } catch { refusal = refusal ?? error }
    }
    throw refusal ?? Refusal(.collateralMissing)
  }

  private func signer(of document: IntelDocument) throws(Refusal) -> ProvedPath {
    if let known = endorsements.proved.documents[document.digest], known.isValid(at: now, anchors) { return known }
    return try prover.prove(document, at: moment)
  }

  /// An older evaluation than one that is known to exist is a way to hide what the newer one says.
  func checkEvaluation() throws(Refusal) -> Outcome {
    guard let info = tcbInfo?.value else { return .notReached }
    let floor = floors.floor(info.fmspc)
    guard info.evaluationNumber >= floor else {
      throw Refusal(
        .evaluationTooOld, "tcbInfo.tcbEvaluationDataNumber", got: "\(info.evaluationNumber)",
        wanted: "at least \(floor)")
    }
    for (document, signer) in relied {
      let lists = signer.chain.revocationLists.compactMap { floors.refusal($0, under: signer.anchor) }
      if let refusal = floors.refusal(document, under: signer.anchor) ?? lists.first { throw refusal }
    }
    return passed("\(info.evaluationNumber)")
  }

  /// The documents that the levels are read from, with whose signature was found on them.
  private var relied: [(IntelDocument, ProvedPath)] {
    func used(_ documents: [IntelDocument], _ digest: [UInt8]?, _ signer: ProvedPath?) -> [(IntelDocument, ProvedPath)]
    {
      guard let digest, let signer, let document = documents.first(where: { $0.digest == digest }) else { return [] }
      return [(document, signer)]
    }
    return used(tcbInfos, tcbInfo?.digest, tcbInfo?.signer) + used(identities, identity?.digest, identity?.signer)
  }

  private func unknown(_ members: [String]) -> String {
    members.isEmpty ? "" : ", passed over: \(members.joined(separator: ", "))"
  }
}

extension Refusal.Code {
  fileprivate var isAboutRevocation: Bool {
    switch self {
    case .collateralMissing, .certificateRevoked, .revocationListInvalid, .revocationListExpired,
      .revocationListNotYetValid:
      true
    default: false
    }
  }
}
