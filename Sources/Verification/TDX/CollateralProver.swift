import Bytes
import Cryptography
import Evidence

/// When a chain is verified.
enum VerificationMoment: Sendable {
  case now(Timestamp)
  /// The first moment at which the certificates of the path are valid: for people, once the dates have been judged.
  case ignoringDates

  func time(_ firsts: [Timestamp]) -> Timestamp {
    switch self {
    case .now(let now): now
    case .ignoringDates: firsts.max() ?? 0
    }
  }
}

/// Follows what Intel signs to an anchor, with the certificates and lists at hand. Choosing among them decides nothing:
/// whatever is chosen is checked, and a wrong choice can refuse but not accept.
struct CollateralProver {
  /// No honest folder holds more that fit; more would only buy work.
  static let candidateLimit = 8
  static let signerName = "Intel SGX TCB Signing"

  let certificates: [Certificate]
  let revocationLists: [CertificateRevocationList]
  let anchors: Anchors
  /// Only for people who asked for it.
  let ignoresRevocation: Bool

  init(_ endorsements: Endorsements, anchors: Anchors, ignoresRevocation: Bool = false) {
    self.init(
      certificates: endorsements.certificates, revocationLists: endorsements.revocationLists, anchors: anchors,
      ignoresRevocation: ignoresRevocation)
  }

  private init(
    certificates: [Certificate], revocationLists: [CertificateRevocationList], anchors: Anchors, ignoresRevocation: Bool
  ) {
    self.certificates = certificates
    self.revocationLists = revocationLists
    self.anchors = anchors
    self.ignoresRevocation = ignoresRevocation
  }

  /// Without any list: what remains to be said of a path when no moment exists at which the lists could be verified.
  private var withoutRevocation: CollateralProver {
    CollateralProver(
      certificates: certificates, revocationLists: revocationLists, anchors: anchors, ignoresRevocation: true)
  }

  /// For people: what refuses a chain by dates alone, which have been judged already, does not hide its signatures. The
  /// serial numbers of the lists still count.
  func regardless<Proof>(
    of refusal: Refusal, at moment: VerificationMoment, _ places: [String], path: (Proof) -> [Certificate],
    prove: (CollateralProver) throws(Refusal) -> Proof
  ) throws(Refusal) -> Proof {
    guard case .ignoringDates = moment, refusal.code.isAboutDates, !ignoresRevocation else { throw refusal }
    let proof = try prove(withoutRevocation)
    for (place, certificate) in zip(places, path(proof)) {
      let lists = revocationLists.filter { $0.issuer == certificate.issuer }
      guard !lists.contains(where: { $0.revokedSerials.contains(certificate.serialNumber) }) else {
        throw Refusal(.certificateRevoked, place)
      }
    }
    return proof
  }

  /// The lists of an issuer: those that hold at `now` first, then those that have run out, of each the youngest first.
  func lists(of issuer: [UInt8], at now: Timestamp) -> [CertificateRevocationList] {
    let own = revocationLists.filter { $0.issuer.der == issuer }
    guard own.count > 1 else { return own }
    let all = Set(own)
    func rank(_ list: CertificateRevocationList) -> Int { list.isCurrent(at: now) ? 0 : list.thisUpdate <= now ? 1 : 2 }
    return all.sorted { left, right in
      if rank(left) != rank(right) { return rank(left) < rank(right) }
      if left.thisUpdate != right.thisUpdate { return left.thisUpdate > right.thisUpdate }
      return left.der.lexicographicallyPrecedes(right.der)
    }
  }

  /// Certificates that may sign documents: those that are valid at `now` first.
  func signers(at now: Timestamp) -> [Certificate] {
    let named = certificates.filter { $0.subject.commonName == Self.signerName }
    guard named.count > 1 else { return named }
    return Set(named).sorted { left, right in
      let (isLeft, isRight) = (left.isValid(at: now), right.isValid(at: now))
      return isLeft == isRight ? left.notAfter > right.notAfter : isLeft
    }
  }

  /// The signature over the body as received, and its key's certificate under an anchor and on no list of it.
  func prove(_ document: IntelDocument, at moment: VerificationMoment) throws(Refusal) -> ProvedPath {
    let field = document.kind.rawValue
    let signers = signers(at: moment.time([]))
    guard !signers.isEmpty else { throw Refusal(.collateralMissing, field, wanted: "certificate \(Self.signerName)") }
    var refusal = Refusal(.collateralSignatureInvalid, field)
    for signer in signers.prefix(Self.candidateLimit) {
      guard let key = signer.publicKey, key.kind == .p256,
        key.isValidECDSA(raw: document.signature, for: document.body, hash: .sha256)
      else { continue }
      do throws(Refusal) {
        return try follow(signer, at: moment)
      } catch {
        if refusal.code == .collateralSignatureInvalid { refusal = error }
      }
    }
    throw refusal
  }

  private func follow(_ signer: Certificate, at moment: VerificationMoment) throws(Refusal) -> ProvedPath {
    let places = ChainPlaces(["tcbSigning", "root"])
    var refusal = Refusal(.chainUntrusted, "tcbSigning")
    for anchor in anchors.named(signer.issuer.der, tee: .tdx) {
      for list in enforced(lists(of: anchor.trust.subject, at: moment.time([])).map { [$0] }) {
        do throws(ChainError) {
          let time = moment.time([signer.notBefore] + list.map(\.thisUpdate))
          let chain = try verifyChain(
            leaf: signer, intermediates: [], anchor: anchor.trust, revocationLists: list, at: time,
            profile: profile(.intelTCBSigning))
          return ProvedPath(chain, anchor, offered: revocationLists)
        } catch { refusal = places.refusal(error, [signer], list) }
        if refusal.code == .certificateRevoked { throw refusal }
      }
    }
    return try regardless(of: refusal, at: moment, ["tcbSigning"], path: \.chain.path) { prover throws(Refusal) in
      try prover.follow(signer, at: moment)
    }
  }

  /// Choices of lists to try in turn; none at all when revocation is left out.
  func enforced(_ choices: [[CertificateRevocationList]]) -> [[CertificateRevocationList]] {
    if ignoresRevocation { return [[]] }
    return choices.isEmpty ? [[]] : Array(choices.prefix(Self.candidateLimit))
  }

  /// The vendor's profile; without the lists only when revocation is left out.
  func profile(_ profile: ChainProfile) -> ChainProfile {
    var profile = profile
    if ignoresRevocation { profile.revocation = .whenPresent }
    return profile
  }
}

/// What the certificates of a path are called in refusals, the leaf first.
struct ChainPlaces {
  private let names: [String]

  init(_ names: [String]) { self.names = names }

  /// - Parameters:
  ///   - path: the certificates that were given, the leaf first.
  ///   - lists: the lists that were given.
  func refusal(_ error: ChainError, _ path: [Certificate], _ lists: [CertificateRevocationList]) -> Refusal {
    let field = error.certificate.map { names.indices.contains($0) ? names[$0] : names[names.count - 1] }
    if case .revocationMissing(let index) = error {
      let issuer = path.indices.contains(index) ? path[index].issuer : nil
      return lists.contains { $0.issuer == issuer }
        ? Refusal(.revocationListInvalid, field, got: "a list of the issuer's name and another key")
        : Refusal(.collateralMissing, field, wanted: "a revocation list of its issuer")
    }
    let refusal = Refusal(error)
    return Refusal(refusal.code, field, got: refusal.got)
  }
}

extension Refusal.Code {
  fileprivate var isAboutDates: Bool {
    switch self {
    case .certificateExpired, .certificateNotYetValid, .revocationListExpired, .revocationListNotYetValid: true
    default: false
    }
  }
}

extension Certificate {
  func isValid(at now: Timestamp) -> Bool { notBefore <= now && now < notAfter }
}

extension CertificateRevocationList {
  func isCurrent(at now: Timestamp) -> Bool { thisUpdate <= now && now < (nextUpdate ?? thisUpdate) }
}
