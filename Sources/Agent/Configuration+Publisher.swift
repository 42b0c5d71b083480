import Bytes
import Cryptography
import ModelSigning
import Platform

extension Configuration.Publisher {
  /// The section `model.publisher`: a bundle, and a key or authorities of its signer.
  init(reading section: ConfigurationReader) throws(AgentError) {
    var reader = section
    bundlePath = try reader.string("signatureFile")
    let key = try Configuration.text("publicKey", in: &reader)
    let authorities = try Configuration.text("certificates", in: &reader)
    let signer = try reader.optionalString("signer")
    let time = try reader.optionalString("at")
    try reader.finish()
    switch (key, authorities) {
    case (let pem?, nil):
      guard signer == nil, time == nil else {
        throw .configuration("model.publisher: signer and at go with certificates")
      }
      trust = .key(try Self.key(pem))
    case (nil, let pem?):
      guard let certificates = try? Certificate.parsePEM(pem) else {
        throw .configuration("model.publisher.certificates: not certificates in PEM")
      }
      trust = .authorities(SignerAuthorities(certificates, commonName: signer, at: try Self.time(time)))
    default: throw .configuration("model.publisher: give publicKeyFile or certificatesFile, one of them")
    }
  }

  private static func key(_ pem: [UInt8]) throws(AgentError) -> VerifyingKey {
    guard let der = try? PEM.decode(pem, label: "PUBLIC KEY"), der.count == 1,
      let key = try? VerifyingKey(subjectPublicKeyInfo: der[0])
    else { throw .configuration("model.publisher.publicKey: not a public key in PEM") }
    return key
  }

  private static func time(_ text: String?) throws(AgentError) -> Timestamp {
    guard let text else { return .now }
    guard let time = try? Timestamp(rfc3339: text) else {
      throw .configuration("model.publisher.at: a time such as 2026-01-02T03:04:05Z")
    }
    return time
  }
}
