package import Bytes
import Cryptography

/// Everything of Intel's that a verifier needs beside the quote, before it is signed.
package struct SimulatedCollateral: Sendable {
  package let intel: SimulatedIntel
  package var tcbInfo: SimulatedTCBInfo
  package var qeIdentity: SimulatedQEIdentity
  package var rootList: SimulatedRevocationList
  package var pckLists: [SimulatedRevocationList]
  package var signer: SimulatedCertificate
  /// Change the documents around their values.
  package var editTCBInfo: @Sendable (inout SimulatedDocument) -> Void = { _ in }
  package var editQEIdentity: @Sendable (inout SimulatedDocument) -> Void = { _ in }

  /// - Parameter issuedAt: the date of the documents and of the revocation lists.
  package init(_ intel: SimulatedIntel, issuedAt: Timestamp) {
    self.intel = intel
    tcbInfo = SimulatedTCBInfo(issueDate: issuedAt)
    qeIdentity = SimulatedQEIdentity(issueDate: issuedAt)
    rootList = intel.rootListTemplate(thisUpdate: issuedAt)
    pckLists = [
      intel.pckListTemplate(.platform, thisUpdate: issuedAt), intel.pckListTemplate(.processor, thisUpdate: issuedAt),
    ]
    signer = intel.signerTemplate
  }

  package var tcbInfoDocument: [UInt8] {
    var document = SimulatedDocument("tcbInfo", tcbInfo.json, key: intel.keys.tcbSigning)
    editTCBInfo(&document)
    return document.bytes
  }

  package var qeIdentityDocument: [UInt8] {
    var document = SimulatedDocument("enclaveIdentity", qeIdentity.json, key: intel.keys.tcbSigning)
    editQEIdentity(&document)
    return document.bytes
  }

  /// What lies in a folder of collateral, by the names that people see.
  package var files: [(name: String, bytes: [UInt8])] {
    [
      ("tcb-info.json", tcbInfoDocument), ("qe-identity.json", qeIdentityDocument),
      ("root-crl.der", rootList.der), ("pck-crl-platform.der", pckLists[0].der),
      ("pck-crl-processor.der", pckLists[1].der), ("tcb-signing.der", signer.der),
      ("root.der", intel.root), ("pck-platform-ca.der", intel.authority(.platform)),
      ("pck-processor-ca.der", intel.authority(.processor)),
    ]
  }
}
