import Bytes
import Cryptography
import TestSupport

@testable import ModelSigning

/// What PyPI's model-signing signed; see the folder's SOURCE.
enum Published {
  static func file(_ name: String) throws -> [UInt8] {
    let root = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    return try VectorStore.file("\(root)/Vectors/model-signing/pypi/\(name)")
  }

  static func key() throws -> SignerTrust {
    let der = try PEM.decode(try file("key.pem"), label: "PUBLIC KEY")
    return .key(try VerifyingKey(subjectPublicKeyInfo: der[0]))
  }

  static let issued = Timestamp(seconds: 1_795_286_177)

  static func authorities(commonName: String? = nil, at time: Timestamp = issued) throws -> SignerTrust {
    .authorities(SignerAuthorities(try Certificate.parsePEM(try file("root.pem")), commonName: commonName, at: time))
  }

  /// The files of the folder that were signed.
  static var files: [SignedModel.File] {
    let contents = ["caf\u{E9}.txt": "caf\n", "config.json": "{\"a\":1}\n", "empty": "", "sub/w.dat": "weights\n"]
    return contents.map { SignedModel.File(path: $0.key, sha256: Hash.sha256.digest($0.value.utf8)) }
  }
}

/// A signer of tests, who signs whatever is asked.
struct TestSigner {
  let key = P256SigningKey.generate()

  var trust: SignerTrust {
    get throws { .key(try key.publicKey.verifyingKey) }
  }

  static let files = [
    SignedModel.File(path: "a.json", sha256: Hash.sha256.digest("a".utf8)),
    SignedModel.File(path: "b/c.dat", sha256: Hash.sha256.digest("c".utf8)),
  ]

  /// The statement over some files, with members changed before it is signed.
  static func statement(
    _ files: [SignedModel.File] = files, _ change: (inout JSONObject) -> Void = { _ in }
  ) -> [UInt8] {
    let resources = files.map { file -> JSONValue in
      ["name": .string(file.path), "algorithm": "sha256", "digest": .string(Hex.encode(file.sha256))]
    }
    let whole = Hex.encode(Hash.sha256.digest(files.flatMap(\.sha256)))
    var object = JSONObject([
      ("_type", "https://in-toto.io/Statement/v1"),
      ("subject", [["name": "demo", "digest": ["sha256": .string(whole)]]]),
      ("predicateType", "https://model_signing/signature/v1.0"),
      (
        "predicate",
        [
          "serialization": [
            "method": "files", "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": [".git", "model.sig"],
          ],
          "resources": .array(resources),
        ]
      ),
    ])
    change(&object)
    return CanonicalJSON.encode(.object(object))
  }

  /// The bundle around a statement, with members changed after it was signed.
  func bundle(_ payload: [UInt8] = statement(), _ change: (inout JSONObject) -> Void = { _ in }) -> [UInt8] {
    let raw = key.sign(ModelSignature.signedBytes(payload))
    let signature = DER.sequence(DER.integer(Array(raw[..<32])), DER.integer(Array(raw[32...])))
    var object = JSONObject([
      ("mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json"),
      ("verificationMaterial", ["publicKey": ["hint": ""], "tlogEntries": []]),
      (
        "dsseEnvelope",
        [
          "payload": .string(Base64.encode(payload)), "payloadType": "application/vnd.in-toto+json",
          "signatures": [["sig": .string(Base64.encode(signature)), "keyid": ""]],
        ]
      ),
    ])
    change(&object)
    return CanonicalJSON.encode(.object(object))
  }

  func verified(_ bundle: [UInt8]) throws -> SignedModel {
    try ModelSignature(parsing: bundle).verified(by: try trust)
  }

  /// Why a bundle is refused, if it is.
  func refusal(_ bundle: [UInt8]) -> ModelSigningError? {
    do {
      _ = try verified(bundle)
      return nil
    } catch {
      return error as? ModelSigningError
    }
  }
}
