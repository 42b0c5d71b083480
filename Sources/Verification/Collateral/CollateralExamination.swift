package import Bytes
import Cryptography
import Evidence

/// Proves one artefact by itself: that its vendor signed it, with the certificates and lists at hand.
///
/// An artefact whose signatures hold and whose dates do not is proved, and `staleness` says so.
/// - Throws: `collateralMissing` when the certificate of who signed it is not at hand, `collateralMalformed`, and the
///   refusals of chains and signatures.
package func prove(
  _ artefact: CollateralArtefact, with carriers: Endorsements, anchors: Anchors, at now: Timestamp
) throws(Refusal) -> ProvedArtefact {
  let examination = CollateralExamination(carriers: carriers, anchors: anchors, now: now)
  switch artefact {
  case .document(let document): return try examination.prove(document)
  case .certificate(let certificate): return try examination.prove(certificate, as: artefact.subject)
  case .revocationList(let list): return try examination.prove(list, as: artefact.subject)
  case .manifest(let document): return try examination.prove(document)
  case .answer(let answer): return try examination.prove(answer)
  }
}

/// The proof of one artefact while it is made.
struct CollateralExamination {
  let carriers: Endorsements
  let anchors: Anchors
  let now: Timestamp

  /// Lists are looked at one by one below, whatever their dates.
  private var prover: CollateralProver { CollateralProver(carriers, anchors: anchors, ignoresRevocation: true) }

  func prove(_ document: IntelDocument) throws(Refusal) -> ProvedArtefact {
    if case .malformed(let error) = document.content {
      throw Refusal(.collateralMalformed, error.field, got: error.reason.rawValue)
    }
    guard let heading = document.heading else { throw Refusal(.collateralMalformed, document.kind.rawValue) }
    let signer = try proveSigner(of: document)
    return try proved(
      Finding(
        subject: CollateralArtefact.document(document).subject, path: signer.chain.path, anchor: signer.anchor,
        signature: ChainProfile.intelPCK.signature, signer: CollateralProver.signerName,
        dates: ArtefactDates(document: document.kind.rawValue, heading.issueDate, heading.nextUpdate),
        age: .document(evaluation: heading.evaluationNumber, issued: heading.issueDate)))
  }

  /// At `now`, so that the certificate in force is found; else at a moment at which there is one.
  private func proveSigner(of document: IntelDocument) throws(Refusal) -> ProvedPath {
    do throws(Refusal) {
      return try prover.prove(document, at: .now(now))
    } catch {
      guard error.code == .certificateExpired || error.code == .certificateNotYetValid else { throw error }
      return try prover.prove(document, at: .ignoringDates)
    }
  }

  func prove(_ list: CertificateRevocationList, as subject: CollateralSubject) throws(Refusal) -> ProvedArtefact {
    guard let nextUpdate = list.nextUpdate else { throw Refusal(.revocationListInvalid, "nextUpdate", got: "none") }
    let (issuer, rule) = try issuer(of: list, subject)
    guard SignedDER(list.der)?.isSigned(by: issuer.key, rule) ?? false else {
      throw Refusal(.revocationListInvalid, "signature")
    }
    return try proved(
      Finding(
        subject: subject, path: issuer.path, anchor: issuer.anchor, signature: rule,
        signer: list.issuer.commonName ?? "", dates: ArtefactDates(list: list.thisUpdate, nextUpdate),
        age: .revocationList(number: list.number ?? [], issued: list.thisUpdate)))
  }

  private func issuer(
    of list: CertificateRevocationList, _ subject: CollateralSubject
  ) throws(Refusal) -> (Issuer, ChainProfile.Signature) {
    if subject == .otherRevocationList, let issuer = nvidiaIssuer(list.issuer) { return (issuer, Self.nvidiaSignature) }
    let (tee, product, rule) = try Self.vendor(of: subject)
    return (try issuer(of: list.issuer, tee, product, rule), rule)
  }

  func prove(_ certificate: Certificate, as subject: CollateralSubject) throws(Refusal) -> ProvedArtefact {
    if subject == .otherCertificate, let finding = nvidiaFinding(certificate) { return try proved(finding) }
    let (tee, product, rule) = try Self.vendor(of: subject)
    let name = certificate.subject.commonName ?? ""
    let dates = ArtefactDates(certificate: certificate.notBefore, certificate.notAfter)
    let age = CollateralAge.certificate(issued: certificate.notBefore)
    if let anchor = anchor(of: certificate.subject, tee, product) {
      // A root is a carrier of what is built in: only its name and key count.
      guard certificate.subjectPublicKeyInfo == anchor.trust.subjectPublicKeyInfo else {
        throw Refusal(.chainUntrusted, name, got: "the name of a root with another key")
      }
      return try proved(
        Finding(
          subject: subject, path: [], anchor: anchor, signature: rule, signer: name, dates: dates, age: age))
    }
    let issuer = try issuer(of: certificate.issuer, tee, product, rule)
    guard SignedDER(certificate.der)?.isSigned(by: issuer.key, rule) ?? false else {
      throw Refusal(.chainSignatureInvalid, name)
    }
    return try proved(
      Finding(
        subject: subject, path: [certificate] + issuer.path, anchor: issuer.anchor, signature: rule,
        signer: certificate.issuer.commonName ?? "", dates: dates, age: age))
  }

  /// Revocation and dates, when the signatures hold.
  func proved(_ finding: Finding) throws(Refusal) -> ProvedArtefact {
    var isChecked = true
    for (index, certificate) in finding.path.enumerated() {
      let key = index + 1 < finding.path.count ? finding.path[index + 1].publicKey : finding.anchor.publicKey
      let lists = carriers.revocationLists.filter { list in
        list.issuer == certificate.issuer
          && key.map { SignedDER(list.der)?.isSigned(by: $0, finding.signature) ?? false } ?? false
      }
      guard !lists.contains(where: { $0.revokedSerials.contains(certificate.serialNumber) }) else {
        throw Refusal(.certificateRevoked, certificate.subject.commonName ?? "")
      }
      isChecked = isChecked && !lists.isEmpty
    }
    let own = finding.dates
    let all = [own] + finding.path.map { ArtefactDates(certificate: $0.notBefore, $0.notAfter) }
    return ProvedArtefact(
      subject: finding.subject, anchor: finding.anchor, signer: finding.signer, from: own.from, until: own.until,
      provedUntil: all.map(\.until).min() ?? own.until, age: finding.age, isRevocationChecked: isChecked,
      staleness: all.compactMap { $0.staleness(at: now) }.first)
  }
}

/// What was found out about an artefact when its signatures held.
struct Finding {
  let subject: CollateralSubject
  /// From the certificate that is or signed it up to the one that the anchor issued.
  let path: [Certificate]
  let anchor: Anchor
  let signature: ChainProfile.Signature
  let signer: String
  let dates: ArtefactDates
  let age: CollateralAge
}

/// From when to when something holds, and what it is called when it does not.
struct ArtefactDates {
  let from: Timestamp
  let until: Timestamp
  private let field: String
  private let early: Refusal.Code
  private let late: Refusal.Code

  init(document name: String, _ from: Timestamp, _ until: Timestamp) {
    (self.from, self.until, field) = (from, until, name)
    (early, late) = (.collateralNotYetValid, .collateralExpired)
  }

  init(list from: Timestamp, _ until: Timestamp) {
    (self.from, self.until, field) = (from, until, "revocationList")
    (early, late) = (.revocationListNotYetValid, .revocationListExpired)
  }

  init(certificate from: Timestamp, _ until: Timestamp) {
    (self.from, self.until, field) = (from, until, "certificate")
    (early, late) = (.certificateNotYetValid, .certificateExpired)
  }

  /// - Parameter skew: how far ahead the clock of who answered may be.
  init(answer from: Timestamp, _ until: Timestamp, skew: Duration) {
    (self.from, self.until, field) = (from.adding(.zero - skew), until, "revocationAnswer")
    (early, late) = (.revocationAnswerNotYetValid, .revocationAnswerExpired)
  }

  func staleness(at now: Timestamp) -> Refusal? {
    let wanted = "\(from.rfc3339) to \(until.rfc3339)"
    if now < from { return Refusal(early, field, got: now.rfc3339, wanted: wanted) }
    return now < until ? nil : Refusal(late, field, got: now.rfc3339, wanted: wanted)
  }
}
