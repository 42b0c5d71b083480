import Bytes
import Cryptography
import Evidence

// From the key's certificate to an anchor. The anchor is found by the intermediate's issuer name among our own anchors
// of that product; a root that came with the evidence plays no part.
extension SNPExamination {
  /// The dates of the leaf, which for a VLEK run out after a year. The last second is past the end, as for libcrypto.
  func checkTime() throws(Refusal) -> Outcome {
    guard let certificate = vek?.certificate else { return .notReached }
    var wanted: String { "\(certificate.notBefore.rfc3339) to \(certificate.notAfter.rfc3339)" }
    guard certificate.notBefore <= now else {
      throw Refusal(.certificateNotYetValid, "vek", got: now.rfc3339, wanted: wanted)
    }
    guard now < certificate.notAfter else {
      throw Refusal(.certificateExpired, "vek", got: now.rfc3339, wanted: wanted)
    }
    return passed(wanted)
  }

  mutating func checkChain() throws(Refusal) -> Outcome {
    if let vek, let known {
      found = (known.path.chain, known.path.anchor)
      return passed("\(vek.kind.rawValue), \(known.path.anchor.name), proved before")
    }
    guard let vek, !intermediates.isEmpty else { return .notReached }
    var refusal = Refusal(.chainUntrusted, "ark")
    for intermediate in intermediates.prefix(4) {
      for anchor in anchors.named(intermediate.issuer.der, tee: .snp, product: vek.product.rawValue) {
        do throws(ChainError) {
          found = (try chain(vek, intermediate, anchor), anchor)
          return passed("\(vek.kind.rawValue), \(intermediate.subject.commonName ?? ""), \(anchor.name)")
        } catch { refusal = Refusal(error) }
      }
    }
    throw refusal
  }

  private func chain(
    _ vek: VEKCertificate, _ intermediate: Certificate, _ anchor: Anchor,
    enforcing list: CertificateRevocationList? = nil
  ) throws(ChainError) -> VerifiedChain {
    try verifyChain(
      leaf: vek.certificate, intermediates: [intermediate], anchor: anchor.trust,
      revocationLists: list.map { [$0] } ?? [], at: moment(vek.certificate, intermediate, list), profile: .amd)
  }

  /// The time to verify at: now, or the first moment of everything where dates do not matter.
  private func moment(
    _ leaf: Certificate, _ intermediate: Certificate, _ list: CertificateRevocationList?
  ) -> Timestamp {
    ignoresDates ? max(leaf.notBefore, intermediate.notBefore, list?.thisUpdate ?? leaf.notBefore) : now
  }

  /// Enforces every list of the root one by one, so that none can hide what another says. A list that has run out is
  /// passed over only when a younger one of the same root is at hand.
  mutating func checkRevocation() throws(Refusal) -> Outcome {
    guard let vek, let found else { return .notReached }
    if let known { return judged(try enforced(before: known), found.anchor) }
    let lists = Set(revocationLists.filter { $0.issuer.der == found.anchor.trust.subject })
    let youngest = lists.map(\.thisUpdate).max()
    for list in lists.sorted(by: { $0.thisUpdate < $1.thisUpdate }) {
      let isStale = list.nextUpdate.map { $0 <= now } ?? false
      if isStale, list.thisUpdate != youngest { continue }
      if let refusal = floors.refusal(list, under: found.anchor) {
        // An older list beside the newest one hides nothing; instead of it, it would.
        guard list.thisUpdate == youngest else { continue }
        throw refusal
      }
      do throws(ChainError) {
        _ = try chain(vek, found.chain.path[1], found.anchor, enforcing: list)
      } catch {
        // Leaf and list may never have been valid together; the serial number in the list still counts.
        guard ignoresDates, case .expired = error else { throw Refusal(error) }
        guard !list.revokedSerials.contains(found.chain.path[1].serialNumber) else {
          throw Refusal(.certificateRevoked, "intermediate")
        }
        continue
      }
      enforced.append(list)
    }
    return judged(enforced, found.anchor)
  }

  /// What enforcing would come to now: nothing of a proof but the newest list that was ever seen may have changed.
  private func enforced(before proof: ProvedVEK) throws(Refusal) -> [CertificateRevocationList] {
    guard let youngest = proof.enforced.last else { return [] }
    if let refusal = floors.refusal(youngest, under: proof.path.anchor) { throw refusal }
    return proof.enforced.filter { $0 == youngest || floors.refusal($0, under: proof.path.anchor) == nil }
  }

  /// - Parameter enforced: the oldest first.
  private mutating func judged(_ enforced: [CertificateRevocationList], _ anchor: Anchor) -> Outcome {
    guard let oldest = enforced.first else { return .notApplicable("no revocation list of \(anchor.name)") }
    revocation = .checked(thisUpdate: oldest.thisUpdate)
    self.enforced = enforced
    revocationUntil = enforced.compactMap(\.nextUpdate).min()
    return passed("\(enforced.count) enforced, the oldest of \(oldest.thisUpdate.rfc3339)")
  }
}

extension Refusal {
  init(_ error: ChainError) {
    let place = ["vek", "intermediate"]
    let field = error.certificate.map { place.indices.contains($0) ? place[$0] : "ark" }
    switch error {
    case .untrusted: self.init(.chainUntrusted, field)
    case .badSignature: self.init(.chainSignatureInvalid, field)
    case .notYetValid: self.init(.certificateNotYetValid, field)
    case .expired: self.init(.certificateExpired, field)
    case .revoked: self.init(.certificateRevoked, field)
    case .revocationMissing, .revocationBadSignature: self.init(.revocationListInvalid, field)
    case .revocationExpired: self.init(.revocationListExpired, field)
    case .revocationNotYetValid: self.init(.revocationListNotYetValid, field)
    case .leafIsAuthority, .wrongLength, .weakAlgorithm, .malformed, .other:
      self.init(.chainInvalid, field, got: "\(error)")
    }
  }
}
