package import Cryptography
package import Evidence
package import Verification

/// Which of a vendor's artefacts is meant: what to ask for, what to keep it under, and what an answer must be.
package enum CollateralKey: Hashable, Sendable {
  /// The technology that a document of Intel's is for.
  package enum IntelTEE: String, Hashable, Sendable, CaseIterable { case tdx, sgx }
  /// The kind of AMD's keys that an intermediate is for.
  package enum AMDKeyKind: String, Hashable, Sendable, CaseIterable { case vcek, vlek }

  /// `fmspc`: 6 bytes, the family of platforms.
  case intelTCBInfo(tee: IntelTEE, fmspc: [UInt8])
  case intelQEIdentity(tee: IntelTEE)
  case intelPCKRevocationList(IntelPlatformAuthority)
  case intelRootRevocationList

  case amdCertificateChain(SNPProduct, AMDKeyKind)
  /// `chipID`: `product.chipIDByteCount` bytes. The certificate depends on the TCB that the report states.
  case amdVCEK(SNPProduct, chipID: [UInt8], tcb: TCBVersion.Components)
  case amdRevocationList(SNPProduct, AMDKeyKind)

  case nvidiaManifest(ManifestID)
  /// What a responder says of one certificate, by SHA-384.
  case nvidiaAnswer(CertificateID)
}
