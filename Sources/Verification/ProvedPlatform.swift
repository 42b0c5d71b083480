package import Bytes
import Cryptography
package import Evidence

/// The key that a platform signs with, followed to an anchor and found on no revocation list. Proved for the very bytes
/// that `digest` covers, with the very lists that were at hand, and for as long as its dates last.
package struct ProvedPlatform: Sendable {
  enum Proof: Sendable {
    case snp(ProvedVEK)
    case tdx(ProvedPCK)
  }

  /// What it is remembered by: all that evidence says about whose key signed it.
  package let digest: [UInt8]
  let proof: Proof

  var path: ProvedPath {
    switch proof {
    case .snp(let vek): vek.path
    case .tdx(let pck): pck.path
    }
  }

  func isValid(at now: Timestamp, _ anchors: Anchors) -> Bool { path.isValid(at: now, anchors) }

  /// Every certificate and list of its proof holds.
  package func isCurrent(at now: Timestamp) -> Bool { path.isCurrent(at: now) }

  /// What the platform of this evidence is remembered by. Devices are proved one by one, as `ProvedDevice`.
  package static func digest(of evidence: UnverifiedEvidence) -> [UInt8] {
    switch evidence {
    case .snp(let snp): ProvedVEK.digest(of: snp)
    case .tdx(let tdx): digest(of: tdx.quote)
    case .nvidia: []
    }
  }
}

/// Proves the platform of evidence, so that what it signs later need not carry that cost; what is refused is left for
/// `verify` to name.
package func provePlatform(
  of evidence: UnverifiedEvidence, with endorsements: Endorsements, anchors: Anchors, at now: Timestamp
) -> ProvedPlatform? {
  switch evidence {
  case .nvidia: return nil
  case .tdx(let tdx): return provePlatform(of: tdx.quote, with: endorsements, anchors: anchors, at: now)
  case .snp(let snp):
    var examination = SNPExamination(
      snp, endorsements, reportData: nil, hostData: nil, anchors: anchors, now: now, floors: .none)
    guard let vek = examination.proveKey() else { return nil }
    return ProvedPlatform(digest: ProvedVEK.digest(of: snp), proof: .snp(vek))
  }
}

/// A path to an anchor with the lists that were enforced on it.
struct ProvedPath: Sendable {
  let chain: VerifiedChain
  let anchor: Anchor
  /// Every list of an issuer on the path that was at hand, enforced or not.
  let lists: [CertificateRevocationList]
  /// From when until when (not included) it holds; `nil` when never.
  let validity: Range<Timestamp>?

  /// - Parameters:
  ///   - enforced: lists that were enforced beside those of the chain.
  ///   - offered: all lists that were at hand.
  init(
    _ chain: VerifiedChain, _ anchor: Anchor, enforced: [CertificateRevocationList] = [],
    offered: [CertificateRevocationList]
  ) {
    self.chain = chain
    self.anchor = anchor
    lists = Self.lists(of: chain, among: offered)
    // A list that comes into force later may say what the enforced ones could not.
    let news = lists.map(\.thisUpdate).filter { $0 > chain.at }
    let first = ([chain.validity?.lowerBound].compactMap { $0 } + enforced.map(\.thisUpdate)).max()
    let last = ([chain.validity?.upperBound].compactMap { $0 } + enforced.compactMap(\.nextUpdate) + news).min()
    validity = chain.validity.flatMap { _ in first.flatMap { first in last.flatMap { first < $0 ? first..<$0 : nil } } }
  }

  func isCurrent(at now: Timestamp) -> Bool { validity?.contains(now) ?? false }

  func isValid(at now: Timestamp, _ anchors: Anchors) -> Bool { isCurrent(at: now) && anchors.all.contains(anchor) }

  /// The lists at hand are those that it was proved with: none is gone, and none is new.
  func wasProved(with offered: [CertificateRevocationList]) -> Bool {
    let relevant = Self.lists(of: chain, among: offered)
    return relevant.allSatisfy(lists.contains) && lists.allSatisfy(relevant.contains)
  }

  private static func lists(
    of chain: VerifiedChain, among offered: [CertificateRevocationList]
  ) -> [CertificateRevocationList] {
    let issuers = chain.path.map(\.issuer)
    return offered.filter { issuers.contains($0.issuer) }
  }
}
