import Bytes
import Cryptography

/// A signature over a model's files as it was published: a Sigstore bundle around a DSSE envelope. Unverified.
///
/// Shape: JSON of the bundle's version 0.3, one signature. Spec: sigstore/protobuf-specs, `Bundle`; secure-systems-lab,
/// DSSE 1.0; OpenSSF model signing 1.0. What stands in it of a transparency log or of a time is not looked at.
package struct ModelSignature: Sendable {
  package static let limitBytes = 16 << 20
  private static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
  private static let certificateLimit = 8
  private static let signatureLimitBytes = 1024

  /// How the signer is named.
  enum Material: Sendable {
    /// SHA-256 of the key's PEM text in hexadecimal; empty in older bundles.
    case key(hint: String)
    /// The signer's first; not empty.
    case certificates([Certificate])
  }

  let material: Material
  /// The statement's bytes.
  let payload: [UInt8]
  /// DER.
  let signature: [UInt8]

  /// - Throws: `.malformed` and `.unsupported` only.
  package init(parsing bytes: [UInt8]) throws(ModelSigningError) {
    (material, payload, signature) = try ModelSigningError.reading {
      guard bytes.count <= Self.limitBytes else { throw ParseError("bundle", .tooLong) }
      let document = try StrictJSON.parse(bytes, limits: StrictJSON.Limits(depth: 8, tokens: 4096))
      var bundle = try JSONReader(document, "bundle")
      guard try bundle.string("mediaType") == Self.mediaType else { throw ModelSigningError.unsupported(.bundle) }
      let material = try Self.material(try bundle.object("verificationMaterial"))
      let envelope = try Self.envelope(try bundle.object("dsseEnvelope"))
      try bundle.finish()
      return (material, envelope.payload, envelope.signature)
    }
  }

  private static func material(_ object: JSONReader) throws -> Material {
    var reader = object
    _ = try reader.optionalArray("tlogEntries")
    _ = reader.optionalValue("timestampVerificationData")
    let key = try reader.optionalObject("publicKey")
    let chain = try reader.optionalObject("x509CertificateChain")
    let one = try reader.optionalObject("certificate")
    try reader.finish()
    switch (key, chain, one) {
    case (var key?, nil, nil):
      let hint = try key.optionalString("hint") ?? ""
      try key.finish()
      return .key(hint: hint)
    case (nil, var chain?, nil):
      let items = try chain.array("certificates")
      try chain.finish()
      guard (1...certificateLimit).contains(items.count) else {
        throw ParseError("bundle.certificates", items.isEmpty ? .missing : .tooLong)
      }
      return .certificates(try items.map { try certificate(try JSONReader($0, "bundle.certificates")) })
    case (nil, nil, let one?): return .certificates([try certificate(one)])
    case (nil, nil, nil): throw ModelSigningError.unsupported(.keyless)
    default: throw ParseError("bundle.verificationMaterial", .duplicate)
    }
  }

  private static func certificate(_ object: JSONReader) throws -> Certificate {
    var reader = object
    let der = try Base64.decode(try reader.string("rawBytes"), .standard, "bundle.certificates.rawBytes")
    try reader.finish()
    guard let certificate = try? Certificate(der: der) else {
      throw ParseError("bundle.certificates.rawBytes", .unexpected)
    }
    return certificate
  }

  private static func envelope(_ object: JSONReader) throws -> (payload: [UInt8], signature: [UInt8]) {
    var reader = object
    let payload = try Base64.decode(try reader.string("payload"), .standard, "bundle.payload")
    guard try reader.string("payloadType") == SignedModel.payloadType else {
      throw ModelSigningError.unsupported(.payload)
    }
    let signatures = try reader.array("signatures")
    try reader.finish()
    guard signatures.count == 1 else {
      throw signatures.isEmpty ? ParseError("bundle.signatures", .missing) : ModelSigningError.unsupported(.signatures)
    }
    var one = try JSONReader(signatures[0], "bundle.signatures")
    let signature = try Base64.decode(try one.string("sig"), .standard, "bundle.signatures.sig")
    _ = try one.optionalString("keyid")
    try one.finish()
    guard signature.count <= signatureLimitBytes else { throw ParseError("bundle.signatures.sig", .tooLong) }
    return (payload, signature)
  }
}

extension ModelSigningError {
  /// Runs a reader, whose refusals are this module's or those of bytes.
  static func reading<T>(_ body: () throws -> T) throws(ModelSigningError) -> T {
    do {
      return try body()
    } catch let error as ModelSigningError {
      throw error
    } catch {
      throw .malformed(error as? ParseError ?? ParseError("bundle", .unexpected))
    }
  }
}
