import Bytes
import Cryptography
import Verification

/// The one form in which an artefact is kept: PEM, or Intel's JSON with the chain beside the signed bytes. Any folder of
/// such files is collateral, whoever reads it.
enum KeptForm {
  /// - Parameter issuers: whatever came along; only what helps to prove the artefact is kept.
  static func body(_ artefact: CollateralArtefact, issuers: [Certificate]) -> [UInt8]? {
    let helpful = chain(artefact, issuers)
    let pem = helpful.map(\.pem).joined()
    switch artefact {
    case .certificate(let certificate): return Array((certificate.pem + pem).utf8)
    case .revocationList(let list): return Array((PEM.encode("X509 CRL", list.der) + pem).utf8)
    case .document(let document):
      let whole = document.pcsBytes
      guard whole.last == UInt8(ascii: "}") else { return nil }
      return whole.dropLast() + Array(",\"issuerChain\":".utf8) + CanonicalJSON.encode(.string(pem)) + Array("}".utf8)
    case .manifest(let document): return document.bytes
    case .answer(let answer):
      return Array((PEM.encode(RevocationAnswer.label, answer.der) + path(answer, issuers).map(\.pem).joined()).utf8)
    }
  }

  /// The issuer that is answered for, and who issued that, as far as they are known; a root needs no carrier.
  private static func path(_ answer: RevocationAnswer, _ issuers: [Certificate]) -> [Certificate] {
    let known = issuers.sorted { $0.der.lexicographicallyPrecedes($1.der) }
    var path = known.first { answer.isAnswer(of: $0) }.map { [$0] } ?? []
    while let last = path.last, path.count < pathLimit,
      let next = known.first(where: { $0.subject == last.issuer && !path.contains($0) })
    { path.append(next) }
    return path
  }

  private static let pathLimit = 4

  /// Roots last, in a fixed order and each once, so that the same artefact has the same body.
  private static func chain(_ artefact: CollateralArtefact, _ issuers: [Certificate]) -> [Certificate] {
    let wanted = issuers.filter { candidate in
      if case .certificate(let certificate) = artefact, certificate == candidate { return false }
      switch (artefact.subject, CollateralArtefact.certificate(candidate).subject) {
      case (.tcbInfo, .intelSigner), (.tcbInfo, .intelRoot), (.enclaveIdentity, .intelSigner),
        (.enclaveIdentity, .intelRoot), (.intelRevocationList, .intelRoot):
        return true
      case (.intelRevocationList(let authority), .intelAuthority(let other)): return authority == other
      case (.amdIntermediate(let product, _), .amdRoot(let other)): return product == other
      default: return false
      }
    }
    var seen = Set<Certificate>()
    return wanted.filter { seen.insert($0).inserted }.sorted { left, right in
      let (one, other) = (left.subject == left.issuer, right.subject == right.issuer)
      return one == other ? left.der.lexicographicallyPrecedes(right.der) : other
    }
  }
}
