import Bytes
import FuzzDriver
import Verification

// What a folder of collateral may hold that begins as XML does: whatever is made of it, it is the bytes that came, and it
// is proved by nobody's root but the vendor's, and only as long as its certificates hold.
fuzz { input in
  for artefact in CollateralArtefact.all(in: input) {
    guard case .manifest(let document) = artefact else { continue }
    precondition(CollateralArtefact.all(in: document.bytes) == [artefact], "read again, the manifest differs")
    let proof = try? prove(artefact, with: .none, anchors: .builtIn, at: 1_000_000_000)
    precondition(proof.map { $0.staleness != nil } ?? true, "a manifest in force before NVIDIA signed any")
  }
}
