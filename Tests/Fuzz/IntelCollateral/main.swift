import Bytes
import FuzzDriver
import Verification

// Whatever a folder of collateral may hold: what is recognised as a document is served as the same document again, and
// is followed as far as it leads.
fuzz { input in
  for artefact in CollateralArtefact.all(in: input) {
    guard case .document(let document) = artefact, document.signature.count == 64 else { continue }
    let again = CollateralArtefact.all(in: document.pcsBytes)
    precondition(again == [artefact], "served again, the document differs")
  }
  let time = Timestamp(seconds: 1_750_000_000)
  _ = Endorsements(recognising: [input]).proving(anchors: .builtIn, at: time)
}
