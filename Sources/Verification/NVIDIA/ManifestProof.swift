import Bytes
import Cryptography

/// A reference manifest whose signature was followed to NVIDIA's root. Proved, for as long as its dates last.
struct ProvedManifest: Sendable {
  let manifest: ReferenceManifest
  /// SHA-256 of the document.
  let digest: [UInt8]
  var signer: ProvedNVIDIAChain
  /// Its signer's certificates have ended.
  var isExpired = false
}

extension NVIDIAProver {
  private static let places = ["manifest signer", "manifest signer's issuer", "manifest authority", "manifest root"]

  /// Digest and signature of the document, by the key of the first certificate, under the root of manifests.
  func prove(_ document: ManifestDocument, at moment: VerificationMoment) throws(Refusal) -> ProvedManifest {
    let manifest: ReferenceManifest
    switch document.content {
    case .manifest(let read): manifest = read
    case .malformed(let error):
      let place = error.offset.map { " at byte \($0)" } ?? ""
      throw Refusal(.collateralMalformed, error.field, got: error.reason.rawValue + place)
    }
    let signature = manifest.signature
    guard signature.documentDigest == manifest.documentDigest else {
      throw Refusal(.collateralSignatureInvalid, "manifest.DigestValue")
    }
    guard let key = signature.certificates[0].publicKey, key.kind == .p384,
      key.isValidECDSA(raw: signature.value, for: signature.signedInfo, hash: .sha384)
    else { throw Refusal(.collateralSignatureInvalid, "manifest.SignatureValue") }
    return ProvedManifest(
      manifest: manifest, digest: document.digest, signer: try follow(signature.certificates, at: moment))
  }

  private func follow(
    _ certificates: [Certificate], at moment: VerificationMoment
  ) throws(Refusal) -> ProvedNVIDIAChain {
    guard zip(certificates, certificates.dropFirst()).allSatisfy({ $0.issuer == $1.subject }) else {
      throw Refusal(.chainInvalid, "manifest.X509Data", got: "not in order", wanted: "the signer first, the root last")
    }
    return try follow(
      Array(certificates.dropLast()), root: certificates[certificates.count - 1], for: NVIDIARoot.manifests,
      .nvidiaManifest, places: ChainPlaces(Self.places), at: moment)
  }

  /// The manifest with the answers that clear its signers.
  func clearing(_ proved: ProvedManifest, at moment: VerificationMoment) throws(Refusal) -> ProvedManifest {
    var cleared = proved
    cleared.signer = try clearing(proved.signer, from: 0, places: Self.places, at: moment)
    return cleared
  }
}
