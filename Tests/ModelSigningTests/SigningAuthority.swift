import Bytes
import Cryptography

@testable import ModelSigning

/// An authority that certifies a signer with whatever extensions are asked.
struct SigningAuthority {
  private let key = P256SigningKey.generate()
  private static let name = "Tests"

  static let usage = DER.objectIdentifier(2, 5, 29, 15)
  static let purposes = DER.objectIdentifier(2, 5, 29, 37)
  static let codeSigning = DER.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 3, 3)
  static let serverAuthentication = DER.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 3, 1)

  /// One extension. - Parameter value: the content of extnValue.
  static func entry(_ oid: [UInt8], _ value: [UInt8]) -> [UInt8] { DER.sequence(oid, DER.octetString(value)) }

  func trust() throws -> SignerTrust {
    let constraints = DER.sequence(
      DER.objectIdentifier(2, 5, 29, 19), DER.true, DER.octetString(DER.sequence(DER.true)))
    let root = made(Self.name, key.publicKey, [constraints])
    return .authorities(SignerAuthorities([try Certificate(der: root)], commonName: nil, at: Published.issued))
  }

  /// A bundle that `signer` signed and goes with a certificate of its own.
  func bundle(by signer: TestSigner, _ extensions: [[UInt8]]) -> [UInt8] {
    let leaf = made("Signer", signer.key.publicKey, extensions)
    return signer.bundle { bundle in
      bundle["verificationMaterial"] = [
        "x509CertificateChain": ["certificates": [["rawBytes": .string(Base64.encode(leaf))]]], "tlogEntries": [],
      ]
    }
  }

  private func made(_ subject: String, _ subjectKey: ECPublicKey, _ extensions: [[UInt8]]) -> [UInt8] {
    let algorithm = DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 4, 3, 2))
    let dates = ["200101000000Z", "490101000000Z"].flatMap { DER.element(0x17, Array($0.utf8)) }
    let list = extensions.isEmpty ? [] : DER.element(0xA3, DER.sequence(Array(extensions.joined())))
    let body = DER.sequence(
      DER.element(0xA0, DER.integer([2])), DER.integer([1]), algorithm, name(Self.name), DER.sequence(dates),
      name(subject), subjectKey.subjectPublicKeyInfo, list)
    let raw = key.sign(body)
    let signature = DER.sequence(DER.integer(Array(raw.prefix(32))), DER.integer(Array(raw.suffix(32))))
    return DER.sequence(body, algorithm, DER.bitString(signature))
  }

  private func name(_ text: String) -> [UInt8] {
    DER.sequence(DER.set(DER.sequence(DER.objectIdentifier(2, 5, 4, 3), DER.utf8String(text))))
  }
}
