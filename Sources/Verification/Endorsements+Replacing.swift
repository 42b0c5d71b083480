package import Bytes
import Cryptography

extension Endorsements {
  /// As if a vendor had published `others` in place of what these hold on the same matter: the lists of an issuer by the
  /// lists of that issuer, a TCB info by those of its family, the identity of the quoting enclave by theirs. Everything
  /// else stays, and certificates, manifests and responders' answers are only added. Carriers, as before: it proves
  /// nothing.
  package func replacing(with others: Endorsements) -> Endorsements {
    let issuers = Set(others.revocationLists.map(\.issuer))
    let matters = Set(others.documents.compactMap(\.matter))
    return Endorsements(
      certificates: certificates + others.certificates,
      revocationLists: revocationLists.filter { !issuers.contains($0.issuer) } + others.revocationLists,
      documents: documents.filter { document in document.matter.map { !matters.contains($0) } ?? true }
        + others.documents,
      manifests: manifests + others.manifests, answers: answers + others.answers)
  }

  /// When the last of these comes into force; `nil` when nothing has a date.
  package var lastBeginning: Timestamp? {
    (revocationLists.map(\.thisUpdate) + documents.compactMap { $0.dates?.from }).max()
  }
}

extension IntelDocument {
  /// What it speaks of; `nil` when it cannot be read.
  fileprivate var matter: [UInt8]? {
    switch content {
    case .tcbInfo(let info): [0] + info.fmspc
    case .identity: [1]
    case .otherID, .malformed: nil
    }
  }
}
