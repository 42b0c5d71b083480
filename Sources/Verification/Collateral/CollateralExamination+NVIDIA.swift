import Bytes
import Cryptography
import Evidence

// What NVIDIA signs, each on its own: manifests, answers of responders, and its authorities with their lists.
extension CollateralExamination {
  static let nvidiaSignature = ChainProfile.nvidiaManifest.signature
  /// Certificates between one and its root.
  private static let depthLimit = 4
  /// How far a responder's clock may be ahead.
  private static let clockSkew = Duration.seconds(300)

  /// A manifest is as new as its signer's certificate, which it brings along.
  func prove(_ document: ManifestDocument) throws(Refusal) -> ProvedArtefact {
    let prover = NVIDIAProver(carriers, anchors: anchors)
    var staleness: Refusal?
    let found: ProvedManifest
    do throws(Refusal) { found = try prover.prove(document, at: .now(now)) } catch {
      guard error.code == .certificateExpired || error.code == .certificateNotYetValid else { throw error }
      let dateless = NVIDIAProver(carriers, anchors: anchors, ignoresRevocation: true)
      found = try dateless.prove(document, at: .ignoringDates)
      staleness = error
    }
    let path = found.signer.chain.path
    let until = path.map(\.notAfter).min() ?? path[0].notAfter
    return ProvedArtefact(
      subject: CollateralArtefact.manifest(document).subject, anchor: found.signer.anchor,
      signer: path[0].subject.commonName ?? "", from: path.map(\.notBefore).max() ?? path[0].notBefore, until: until,
      provedUntil: until, age: .certificate(issued: path[0].notBefore),
      isRevocationChecked: staleness == nil ? try isCleared(found, prover) : false, staleness: staleness)
  }

  /// Whether lists and answers speak for every certificate of the signer's path.
  private func isCleared(_ manifest: ProvedManifest, _ prover: NVIDIAProver) throws(Refusal) -> Bool {
    do throws(Refusal) {
      _ = try prover.clearing(manifest, at: .now(now))
      return true
    } catch {
      if error.code == .certificateRevoked || error.code == .certificateOnHold { throw error }
      return false
    }
  }

  /// An answer proves itself whatever it says: one that says `revoked` must be heard.
  func prove(_ answer: RevocationAnswer) throws(Refusal) -> ProvedArtefact {
    let until = answer.nextUpdate ?? answer.thisUpdate
    let isCurrent = answer.thisUpdate <= now.adding(Self.clockSkew) && now < until
    let time = isCurrent ? max(now, answer.thisUpdate) : answer.producedAt
    let issuer = try issuer(of: answer, at: time)
    let own = ArtefactDates(answer: answer.thisUpdate, until, skew: Self.clockSkew)
    return try proved(
      Finding(
        subject: CollateralArtefact.answer(answer).subject, path: issuer.path, anchor: issuer.anchor,
        signature: Self.nvidiaSignature, signer: issuer.path.first?.subject.commonName ?? issuer.anchor.name,
        dates: own,
        age: .certificate(issued: answer.thisUpdate)))
  }

  private func issuer(of answer: RevocationAnswer, at time: Timestamp) throws(Refusal) -> Issuer {
    var refusal = Refusal(.collateralMissing, "responder", wanted: "the certificate of the issuer that it answers for")
    for anchor in nvidiaAnchors where answer.isAnswer(of: anchor.trust) {
      guard let key = anchor.publicKey, answer.isSigned(by: anchor.trust, at: time) else {
        refusal = Refusal(.revocationAnswerInvalid, "responder")
        continue
      }
      return Issuer(key: key, path: [], anchor: anchor)
    }
    for candidate in nvidiaAuthorities where answer.isAnswer(of: candidate) {
      guard let issuer = follow(candidate) else {
        refusal = Refusal(.chainUntrusted, candidate.subject.commonName ?? "issuer")
        continue
      }
      guard answer.isSigned(by: candidate, at: time) else {
        refusal = Refusal(.revocationAnswerInvalid, "responder")
        continue
      }
      return issuer
    }
    throw refusal
  }

  private var nvidiaAnchors: [Anchor] { anchors.all.filter { $0.tee == .nvidia } }

  /// Every authority at hand; those that manifests bring along among them.
  private var nvidiaAuthorities: [Certificate] {
    let carried = carriers.manifests.flatMap { $0.manifest?.signature.certificates ?? [] }
    return Set(carriers.certificates + carried).filter(\.isCA).sorted { $0.notBefore > $1.notBefore }
  }

  /// The certificate as an issuer, when signature after signature leads to a root of NVIDIA's.
  private func follow(_ certificate: Certificate) -> Issuer? {
    guard let key = certificate.publicKey else { return nil }
    var path = [certificate]
    while path.count <= Self.depthLimit, let last = path.last, let signed = SignedDER(last.der) {
      let isSigned = { (key: VerifyingKey?) in key.map { signed.isSigned(by: $0, Self.nvidiaSignature) } ?? false }
      if let anchor = nvidiaAnchors.first(where: { $0.trust.subject == last.issuer.der && isSigned($0.publicKey) }) {
        return Issuer(key: key, path: path, anchor: anchor)
      }
      let issuers = nvidiaAuthorities.filter { $0.subject == last.issuer && !path.contains($0) }
      guard let next = issuers.first(where: { isSigned($0.publicKey) }) else { return nil }
      path.append(next)
    }
    return nil
  }

  /// Of a list whose issuer is a root or an authority of NVIDIA's.
  func nvidiaIssuer(_ name: DistinguishedName) -> Issuer? {
    if let anchor = nvidiaAnchors.first(where: { $0.trust.subject == name.der }), let key = anchor.publicKey {
      return Issuer(key: key, path: [], anchor: anchor)
    }
    return nvidiaAuthorities.filter { $0.subject == name }.lazy.compactMap { follow($0) }.first
  }

  /// A certificate under, or itself, a root of NVIDIA's; `nil` for any other.
  func nvidiaFinding(_ certificate: Certificate) -> Finding? {
    let isRoot = { (anchor: Anchor) in
      anchor.trust.subject == certificate.subject.der
        && anchor.trust.subjectPublicKeyInfo == certificate.subjectPublicKeyInfo
    }
    let root = nvidiaAnchors.first(where: isRoot)
    let issuer = root == nil ? follow(certificate) : nil
    guard let anchor = root ?? issuer?.anchor else { return nil }
    return Finding(
      subject: .otherCertificate, path: issuer?.path ?? [], anchor: anchor, signature: Self.nvidiaSignature,
      signer: (root == nil ? certificate.issuer : certificate.subject).commonName ?? "",
      dates: ArtefactDates(certificate: certificate.notBefore, certificate.notAfter),
      age: .certificate(issued: certificate.notBefore))
  }
}
