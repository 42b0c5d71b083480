import Bytes
import Cryptography
import ModelSigning
import Terminal
import Weights

/// A model's publisher's signature, verified: what the verbs on models hold files against.
struct PublisherSignature {
  static let options = [
    Option("--signature", value: "BUNDLE", "an OpenSSF model signature over the plain files: a Sigstore bundle"),
    Option("--public-key", value: "PEM", "the key that must have made the signature"),
    Option("--certificates", value: "PEM", "authorities that the signer's certificate must come from"),
    Option("--signer", value: "NAME", "the common name that the signer's certificate must have"),
    Option("--at", value: "RFC3339", "when that certificate must be valid; default: now"),
  ]

  let path: String
  let bundleSHA256: [UInt8]
  let model: SignedModel

  /// `nil` when none is given.
  init?(_ arguments: Arguments) throws(Failure) {
    guard let path = arguments.value("--signature") else {
      if let stray = Self.options.dropFirst().first(where: { arguments.value($0.name) != nil }) {
        throw Failure(.usage, "model: \(stray.name) goes with --signature")
      }
      return nil
    }
    let trust = try Self.trust(arguments)
    let bytes = try Console.readFile(path, limit: ModelSignature.limitBytes)
    self.path = path
    bundleSHA256 = Hash.sha256.digest(bytes)
    do throws(ModelSigningError) {
      model = try ModelSignature(parsing: bytes).verified(by: trust)
    } catch {
      throw Failure(error.exit, "\(path): \(error)")
    }
  }

  private static func trust(_ arguments: Arguments) throws(Failure) -> SignerTrust {
    switch (arguments.value("--public-key"), arguments.value("--certificates")) {
    case (let path?, nil):
      guard arguments.value("--signer") == nil, arguments.value("--at") == nil else {
        throw Failure(.usage, "model: --signer and --at go with --certificates")
      }
      return .key(try publicKey(path))
    case (nil, let path?):
      let bytes = try Console.readFile(path, limit: 1 << 20)
      guard let certificates = try? Certificate.parsePEM(bytes) else {
        throw Failure(.malformed, "--certificates \(path): not certificates in PEM")
      }
      let time = try EvidenceOptions.time(arguments)
      return .authorities(SignerAuthorities(certificates, commonName: arguments.value("--signer"), at: time))
    default: throw Failure(.usage, "model: --signature needs --public-key or --certificates, one of them")
    }
  }

  private static func publicKey(_ path: String) throws(Failure) -> VerifyingKey {
    let bytes = try Console.readFile(path, limit: 1 << 16)
    guard let der = try? PEM.decode(bytes, label: "PUBLIC KEY"), der.count == 1,
      let key = try? VerifyingKey(subjectPublicKeyInfo: der[0])
    else { throw Failure(.malformed, "--public-key \(path): not a public key in PEM") }
    return key
  }

  /// Whether a file is no part of the signed model: the signer left it out, or it is the signature itself.
  func passesOver(_ file: String, in source: String) -> Bool {
    model.ignores(file) || path == "\(source)/\(file)"
  }

  func check(_ files: [SignedModel.File], of subject: String) throws(Failure) {
    try step(subject) { () throws(ModelSigningError) in try model.check(files) }
  }

  func checkNames(_ paths: [String], of subject: String) throws(Failure) {
    try step(subject) { () throws(ModelSigningError) in try model.checkNames(paths) }
  }

  private func step(_ subject: String, _ body: () throws(ModelSigningError) -> Void) throws(Failure) {
    do throws(ModelSigningError) { try body() } catch { throw Failure(error.exit, "\(subject): \(error)") }
  }

  /// Holds what a sealed model says of its plain files against what was signed.
  func check(_ manifest: Manifest, of subject: String) throws(Failure) {
    try check(manifest.files.map { SignedModel.File(path: $0.path, sha256: $0.sha256) }, of: subject)
  }

  /// What manifests and results say of it.
  var record: ModelSource.Signature {
    ModelSource.Signature(
      bundleSHA256: bundleSHA256, modelSHA256: model.sha256,
      keySHA256: Hash.sha256.digest(model.signer.subjectPublicKeyInfo), subject: model.signer.subject)
  }

  var signerText: String { model.signer.subject ?? "key \(Hex.encode(record.keySHA256))" }
}
