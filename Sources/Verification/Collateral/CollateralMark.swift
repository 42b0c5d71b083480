import Bytes
import Cryptography

/// Whose newest artefact is remembered: what it is about, and the root it was followed to.
package struct CollateralMark: Sendable, Hashable {
  package let subject: CollateralSubject
  /// SHA-256 of the root's key, hexadecimal: what is proved under one root says nothing about another's.
  package let anchor: String

  /// `nil` for what is not remembered: certificates, and whatever is no vendor's.
  package init?(_ subject: CollateralSubject, anchor: String) {
    switch subject {
    case .tcbInfo, .enclaveIdentity, .intelRootRevocationList, .intelRevocationList, .amdRevocationList: break
    default: return nil
    }
    self.subject = subject
    self.anchor = anchor
  }

  package var isList: Bool {
    switch subject {
    case .intelRootRevocationList, .intelRevocationList, .amdRevocationList: true
    default: false
    }
  }
}

extension EvaluationFloors {
  /// The list, when a newer one of the same issuer and root is known.
  func refusal(_ list: CertificateRevocationList, under anchor: Anchor) -> Refusal? {
    guard !newest.isEmpty else { return nil }
    let age = CollateralAge.revocationList(number: list.number ?? [], issued: list.thisUpdate)
    guard let known = known(CollateralArtefact.revocationList(list).subject, anchor), age.isOlder(than: known),
      case .revocationList(_, let issued) = known
    else { return nil }
    return Refusal(
      .revocationListRolledBack, list.issuer.commonName, got: "of \(list.thisUpdate.rfc3339)",
      wanted: "of \(issued.rfc3339) or later")
  }

  /// The document, when a newer one about the same is known. Its evaluation has a check of its own.
  func refusal(_ document: IntelDocument, under anchor: Anchor) -> Refusal? {
    guard !newest.isEmpty, let dates = document.dates else { return nil }
    let age = CollateralAge.document(evaluation: dates.evaluation, issued: dates.from)
    guard let known = known(CollateralArtefact.document(document).subject, anchor), age.isOlder(than: known),
      case .document(let evaluation, let issued) = known
    else { return nil }
    return Refusal(
      dates.evaluation < evaluation ? .evaluationTooOld : .collateralRolledBack, document.kind.rawValue,
      got: "evaluation \(dates.evaluation) of \(dates.from.rfc3339)",
      wanted: "evaluation \(evaluation) of \(issued.rfc3339) or later")
  }

  private func known(_ subject: CollateralSubject, _ anchor: Anchor) -> CollateralAge? {
    CollateralMark(subject, anchor: anchor.fingerprint).flatMap { newest[$0] }
  }
}
