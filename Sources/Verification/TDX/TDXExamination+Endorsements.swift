import Bytes
import Cryptography
import Evidence

// Which of the documents at hand are the ones this quote needs, and whether their dates hold.
extension TDXExamination {
  mutating func findEndorsements() throws(Refusal) -> Outcome {
    if case .tdx(let known) = endorsements.proved.platforms[ProvedPlatform.digest(of: quote)]?.proof,
      known.path.isValid(at: now, anchors)
    {
      platform = known
      pck = known.pck
    } else {
      let chain = try CarriedChain(quote.certificationData, knowing: endorsements.certificates)
      carried = chain
      pck = chain.pck
    }
    chooseDocuments()
    return passed("\(PCKCertificate.commonName) and its issuer found")
  }

  /// The documents that fit, the newest evaluation first: those that hold now; else the one that comes nearest, whose
  /// dates the next check names. A TCB info for another family is judged when it is the only one there is.
  private mutating func chooseDocuments() {
    let all = endorsements.documents
    let infos = all.filter { $0.tcbInfo != nil }
    let fitting = infos.filter { $0.tcbInfo?.fmspc == pck?.fmspc }
    tcbInfos = best(fitting.isEmpty && Set(infos).count == 1 ? Array(infos.prefix(1)) : fitting)
    identities = best(all.filter { $0.identity != nil })
  }

  private func best(_ documents: [IntelDocument]) -> [IntelDocument] {
    let dated = documents.compactMap { document in document.dates.map { (document: document, dates: $0) } }
    let sorted = dated.sorted { ($0.dates.evaluation, $0.dates.from) > ($1.dates.evaluation, $1.dates.from) }
    let current = sorted.filter { $0.dates.from <= now && now < $0.dates.until }
    let nearest = sorted.first { $0.dates.from <= now } ?? sorted.last
    return current.isEmpty
      ? nearest.map { [$0.document] } ?? [] : current.prefix(CollateralProver.candidateLimit).map(\.document)
  }

  /// Why there is no document of a kind: one that cannot be read, one of something else, or none.
  func missing(_ kind: IntelDocument.Kind, wanted: String) -> Refusal {
    for document in endorsements.documents where document.kind == kind {
      if case .malformed(let error) = document.content {
        return Refusal(.collateralMalformed, error.field, got: error.reason.rawValue)
      }
    }
    for document in endorsements.documents where document.kind == kind {
      if case .otherID(let id) = document.content {
        return Refusal(.collateralMismatch, "\(kind.rawValue).id", got: String(id.prefix(32)), wanted: wanted)
      }
    }
    return Refusal(.collateralMissing, kind.rawValue, wanted: wanted)
  }

  /// The TCB info speaks of this family of platforms.
  func checkPlatform() throws(Refusal) -> Outcome {
    guard let pck, let info = tcbInfos.first?.tcbInfo else { return missingPlatform }
    guard info.fmspc == pck.fmspc else {
      throw Refusal(.collateralMismatch, "fmspc", got: Hex.encode(info.fmspc), wanted: Hex.encode(pck.fmspc))
    }
    guard info.pceID == pck.pceID else {
      throw Refusal(.collateralMismatch, "pceID", got: Hex.encode(info.pceID), wanted: Hex.encode(pck.pceID))
    }
    return passed("FMSPC \(Hex.encode(pck.fmspc)), PCEID \(Hex.encode(pck.pceID))")
  }

  /// Without a TCB info its own check refuses, whatever this one said.
  private var missingPlatform: Outcome { pck == nil ? .notReached : .notApplicable("no TCB info") }

  /// Both ends of everything that is about to be relied on. The last second is past the end.
  func checkTime() throws(Refusal) -> Outcome {
    guard pck != nil else { return .notReached }
    let items = certificateDates + listDates + documentDates
    for item in items { try item.check(now) }
    let until = items.map(\.until).min() ?? now
    return passed("\(items.count) dates hold until \(until.rfc3339) or later")
  }

  private var certificateDates: [DatedItem] {
    let chain: [(String, Certificate)] =
      carried.map { [("pck", $0.pck.certificate), ("pckIssuer", $0.intermediate)] } ?? []
    let signer = isSignerKnown ? [] : prover.signers(at: now).prefix(1).map { ("tcbSigning", $0) }
    return (chain + signer).map { name, certificate in
      DatedItem(
        field: name, from: certificate.notBefore, until: certificate.notAfter, early: .certificateNotYetValid,
        late: .certificateExpired)
    }
  }

  /// Every document at hand was proved before, and its signer's dates hold.
  private var isSignerKnown: Bool {
    (tcbInfos + identities).allSatisfy { endorsements.proved.documents[$0.digest]?.isValid(at: now, anchors) ?? false }
  }

  private var listDates: [DatedItem] {
    guard let carried, !ignoresRevocation else { return [] }
    let issuers = [("pckCRL", carried.intermediate.subject.der), ("rootCRL", carried.intermediate.issuer.der)]
    return issuers.compactMap { name, issuer in
      prover.lists(of: issuer, at: now).first.map { list in
        DatedItem(
          field: name, from: list.thisUpdate, until: list.nextUpdate ?? list.thisUpdate,
          early: .revocationListNotYetValid, late: .revocationListExpired)
      }
    }
  }

  private var documentDates: [DatedItem] {
    [tcbInfos.first, identities.first].compactMap { document in
      guard let document, let dates = document.dates else { return nil }
      return DatedItem(
        field: document.kind.rawValue, from: dates.from, until: dates.until, early: .collateralNotYetValid,
        late: .collateralExpired)
    }
  }
}

/// Something that is valid from one moment to another.
private struct DatedItem {
  let field: String
  let from: Timestamp
  let until: Timestamp
  let early: Refusal.Code
  let late: Refusal.Code

  func check(_ now: Timestamp) throws(Refusal) {
    guard from <= now else { throw Refusal(early, field, got: now.rfc3339, wanted: wanted) }
    guard now < until else { throw Refusal(late, field, got: now.rfc3339, wanted: wanted) }
  }

  private var wanted: String { "\(from.rfc3339) to \(until.rfc3339)" }
}

extension IntelDocument {
  var dates: (from: Timestamp, until: Timestamp, evaluation: UInt32)? {
    switch content {
    case .tcbInfo(let info): (info.issueDate, info.nextUpdate, info.evaluationNumber)
    case .identity(let identity): (identity.issueDate, identity.nextUpdate, identity.evaluationNumber)
    case .otherID, .malformed: nil
    }
  }
}
