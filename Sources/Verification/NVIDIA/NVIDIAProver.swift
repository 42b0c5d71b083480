import Bytes
import Cryptography
import Evidence

/// A chain under a root of NVIDIA's with what its responders say of it. Proved, for as long as the dates of all of it
/// last.
struct ProvedNVIDIAChain: Sendable {
  let chain: VerifiedChain
  let anchor: Anchor
  /// One for each certificate that a revocation list does not speak for; none when revocation was left out.
  var answers: [RevocationAnswer] = []

  /// From when, and until when (not included), every certificate, list and answer holds.
  var validity: Range<Timestamp>? {
    guard let chain = chain.validity else { return nil }
    let first = ([chain.lowerBound] + answers.map(\.thisUpdate)).max() ?? chain.lowerBound
    let last = ([chain.upperBound] + answers.map { $0.nextUpdate ?? $0.thisUpdate }).min() ?? chain.upperBound
    return first <= last ? first..<last : nil
  }

  func isValid(at now: Timestamp, _ anchors: Anchors) -> Bool {
    (validity?.contains(now) ?? false) && anchors.all.contains(anchor)
  }
}

/// Follows what NVIDIA signs to an anchor, and asks the lists and answers at hand about it.
struct NVIDIAProver {
  /// No honest folder holds more that fit; more would only buy work.
  private static let candidateLimit = 8
  /// How far a responder's clock may be ahead.
  private static let clockSkew = Duration.seconds(300)
  /// RFC 5280 §5.3.1: not revoked for good.
  private static let certificateHold = 6

  let revocationLists: [CertificateRevocationList]
  let answers: [RevocationAnswer]
  let anchors: Anchors
  /// Only for people who asked for it.
  let ignoresRevocation: Bool

  init(_ endorsements: Endorsements, anchors: Anchors, ignoresRevocation: Bool = false) {
    revocationLists = endorsements.revocationLists
    answers = endorsements.answers
    self.anchors = anchors
    self.ignoresRevocation = ignoresRevocation
  }

  /// The path under the one anchor that its carried root names.
  ///
  /// - Parameter places: what people call the certificates of the path; the last name stands for the root.
  func follow(
    _ path: [Certificate], root: Certificate, for product: String, _ profile: ChainProfile, places: ChainPlaces,
    at moment: VerificationMoment
  ) throws(Refusal) -> ProvedNVIDIAChain {
    let named = anchors.named(root.subject.der, tee: .nvidia, product: product)
    guard let anchor = named.first(where: { $0.trust.subjectPublicKeyInfo == root.subjectPublicKeyInfo }) else {
      throw places.refusal(.untrusted(certificate: path.count), path, [])
    }
    let now = moment.time(path.map(\.notBefore))
    let lists =
      ignoresRevocation ? [] : path.compactMap { certificate in currentList(of: certificate.issuer.der, at: now) }
    do throws(ChainError) {
      let chain = try verifyChain(
        leaf: path[0], intermediates: Array(path.dropFirst()), anchor: anchor.trust,
        revocationLists: Array(Set(lists)), at: now, profile: profile)
      return ProvedNVIDIAChain(chain: chain, anchor: anchor)
    } catch { throw places.refusal(error, path, lists) }
  }

  private func currentList(of issuer: [UInt8], at now: Timestamp) -> CertificateRevocationList? {
    revocationLists.filter { $0.issuer.der == issuer && $0.isCurrent(at: now) }.max { $0.thisUpdate < $1.thisUpdate }
  }

  /// Asks about every certificate from `first` on; the chain with the answers that clear it.
  func clearing(
    _ proved: ProvedNVIDIAChain, from first: Int, places: [String], at moment: VerificationMoment
  ) throws(Refusal) -> ProvedNVIDIAChain {
    var cleared = proved
    let path = proved.chain.path
    for index in first..<path.count {
      let issuer: Issuer = index + 1 < path.count ? .certificate(path[index + 1]) : .anchor(proved.anchor.trust)
      let place = index < places.count ? places[index] : places[places.count - 1]
      let hasList = proved.chain.revocationLists.contains { $0.issuer == path[index].issuer }
      if let answer = try answer(about: path[index], of: issuer, place, hasList: hasList, at: moment) {
        cleared.answers.append(answer)
      }
    }
    return cleared
  }

  private enum Issuer {
    case certificate(Certificate)
    case anchor(TrustAnchor)

    func isAsked(about certificate: Certificate, in answer: RevocationAnswer) -> Bool {
      switch self {
      case .certificate(let issuer): answer.isAbout(certificate, of: issuer)
      case .anchor(let anchor): answer.isAbout(certificate, of: anchor)
      }
    }

    func hasSigned(_ answer: RevocationAnswer, at time: Timestamp) -> Bool {
      switch self {
      case .certificate(let issuer): answer.isSigned(by: issuer, at: time)
      case .anchor(let anchor): answer.isSigned(by: anchor, at: time)
      }
    }
  }

  /// The newest answer that clears a certificate; `nil` when a list does. No answer hides what another one says.
  private func answer(
    about certificate: Certificate, of issuer: Issuer, _ place: String, hasList: Bool, at moment: VerificationMoment
  ) throws(Refusal) -> RevocationAnswer? {
    let serial = certificate.serialNumber
    let about = answers.filter { $0.serialNumber == serial && issuer.isAsked(about: certificate, in: $0) }
      .sorted { $0.thisUpdate > $1.thisUpdate }
    var clearing: RevocationAnswer?
    var refusal = Refusal(.collateralMissing, place, wanted: "an answer of its responder, or a revocation list")
    for answer in about.prefix(Self.candidateLimit).reversed() {
      do throws(Refusal) {
        try judge(answer, of: issuer, place, at: moment)
        clearing = answer
      } catch {
        if error.code == .certificateRevoked || error.code == .certificateOnHold { throw error }
        refusal = error
      }
    }
    guard clearing == nil, !hasList else { return clearing }
    throw refusal
  }

  private func judge(
    _ answer: RevocationAnswer, of issuer: Issuer, _ place: String, at moment: VerificationMoment
  ) throws(Refusal) {
    let until = answer.nextUpdate ?? answer.thisUpdate
    let wanted = "\(answer.thisUpdate.rfc3339) to \(until.rfc3339)"
    var time = answer.producedAt
    var late: Refusal?
    if case .now(let now) = moment {
      if now.adding(Self.clockSkew) < answer.thisUpdate {
        throw Refusal(.revocationAnswerNotYetValid, place, got: now.rfc3339, wanted: wanted)
      }
      if now < until {
        time = max(now, answer.thisUpdate)
      } else {
        late = Refusal(.revocationAnswerExpired, place, got: now.rfc3339, wanted: wanted)
      }
    }
    guard issuer.hasSigned(answer, at: time) else { throw Refusal(.revocationAnswerInvalid, place) }
    switch answer.status {
    case .revoked(reason: Self.certificateHold): throw Refusal(.certificateOnHold, place)
    case .revoked: throw Refusal(.certificateRevoked, place)
    case .unknown: throw late ?? Refusal(.certificateUnknown, place)
    case .good: if let late { throw late }
    }
  }
}
