package import Bytes
import Cryptography
package import Evidence

/// The certificates in a quote: the platform's, its issuer's, and a root that is only a carrier. Unverified.
struct CarriedChain: Sendable {
  let pck: PCKCertificate
  let intermediate: Certificate
  let root: Certificate

  /// Reads PEM of exactly these three certificates, in this order; one NUL may end the text. Spec: Intel SGX ECDSA Quote
  /// Library, certification data of type 5.
  ///
  /// - Parameter known: certificates that need not be parsed again when they are carried.
  init(_ certificationData: [UInt8], knowing known: [Certificate] = []) throws(Refusal) {
    let text = certificationData.last == 0 ? Array(certificationData.dropLast()) : certificationData
    guard let all = try? Certificate.parsePEM(text, knowing: known) else {
      throw Refusal(.certificateMalformed, "pckChain")
    }
    guard all.count == 3 else {
      throw Refusal(.chainInvalid, "pckChain", got: "\(all.count) certificates", wanted: "leaf, issuer and root")
    }
    pck = try PCKCertificate(all[0])
    intermediate = all[1]
    root = all[2]
    guard pck.certificate.issuer == intermediate.subject else {
      throw Refusal(.chainInvalid, "pckChain", got: "not in order", wanted: "leaf, issuer, root")
    }
  }

  /// The root that comes along is trusted by nobody, and must at least be the one that is meant.
  func isRooted(in anchor: Anchor) -> Bool {
    intermediate.issuer.der == anchor.trust.subject && root.subject.der == anchor.trust.subject
      && root.subjectPublicKeyInfo == anchor.trust.subjectPublicKeyInfo
  }
}

extension CollateralProver {
  /// The platform's certificate under an anchor, and neither it nor its issuer on a list.
  func prove(
    _ carried: CarriedChain, at moment: VerificationMoment
  ) throws(Refusal) -> ProvedPCK {
    let places = ChainPlaces(["pck", "pckIssuer", "root"])
    let (leaf, intermediate) = (carried.pck.certificate, carried.intermediate)
    var refusal = Refusal(.chainUntrusted, "root")
    for anchor in anchors.all where anchor.tee == .tdx && carried.isRooted(in: anchor) {
      for lists in choices(intermediate, anchor, at: moment.time([])) {
        do throws(ChainError) {
          let time = moment.time([leaf.notBefore, intermediate.notBefore] + lists.map(\.thisUpdate))
          let chain = try verifyChain(
            leaf: leaf, intermediates: [intermediate], anchor: anchor.trust, revocationLists: lists, at: time,
            profile: profile(.intelPCK))
          return ProvedPCK(pck: carried.pck, path: ProvedPath(chain, anchor, offered: revocationLists))
        } catch { refusal = places.refusal(error, [leaf, intermediate], lists) }
        if refusal.code == .certificateRevoked { throw refusal }
      }
    }
    return try regardless(of: refusal, at: moment, ["pck", "pckIssuer"], path: \.path.chain.path) {
      prover throws(Refusal) in
      try prover.prove(carried, at: moment)
    }
  }

  /// A list of the issuer with a list of the root, the best pair first.
  private func choices(
    _ intermediate: Certificate, _ anchor: Anchor, at now: Timestamp
  ) -> [[CertificateRevocationList]] {
    let own = lists(of: intermediate.subject.der, at: now).prefix(3).map { [$0] }
    let roots = lists(of: anchor.trust.subject, at: now).prefix(3).map { [$0] }
    return enforced((own.isEmpty ? [[]] : own).flatMap { first in (roots.isEmpty ? [[]] : roots).map { first + $0 } })
  }
}

/// The certificate of a platform's provisioning key, with the path to its anchor.
struct ProvedPCK: Sendable {
  let pck: PCKCertificate
  let path: ProvedPath
}

/// Proves the platform of a quote, so that its later quotes need not carry that cost; what is refused is left for `verify`
/// to name.
package func provePlatform(
  of quote: TDXQuote, with endorsements: Endorsements, anchors: Anchors, at now: Timestamp
) -> ProvedPlatform? {
  guard let carried = try? CarriedChain(quote.certificationData, knowing: endorsements.certificates) else {
    return nil
  }
  let prover = CollateralProver(endorsements, anchors: anchors)
  guard let pck = try? prover.prove(carried, at: .now(now)) else { return nil }
  return ProvedPlatform(digest: ProvedPlatform.digest(of: quote), proof: .tdx(pck))
}

extension ProvedPlatform {
  /// What a quote's platform is remembered by.
  package static func digest(of quote: TDXQuote) -> [UInt8] { Hash.sha256.digest(quote.certificationData) }
}
