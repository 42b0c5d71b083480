import Bytes
import Cryptography
import FuzzDriver
import ModelSigning

// An input is read as a bundle, and as a statement in a bundle that is signed as it should be: no statement comes from
// anywhere but a signature, and what one says of a model is held against exactly those files.
let key = P256SigningKey.generate()
// Without a key of its own nothing is fuzzed.
guard let trust = (try? key.publicKey.verifyingKey).map({ SignerTrust.key($0) }) else { fatalError("no key") }

func bundle(_ payload: [UInt8]) -> [UInt8] {
  let type = "application/vnd.in-toto+json"
  let raw = key.sign(Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload)
  let signature = DER.sequence(DER.integer(Array(raw[..<32])), DER.integer(Array(raw[32...])))
  return CanonicalJSON.encode([
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": ["publicKey": ["hint": ""]],
    "dsseEnvelope": [
      "payload": .string(Base64.encode(payload)), "payloadType": .string(type),
      "signatures": [["sig": .string(Base64.encode(signature))]],
    ],
  ])
}

fuzz { input in
  if let signature = try? ModelSignature(parsing: input) {
    precondition((try? signature.verified(by: trust)) == nil, "signed by a key that nobody has")
  }
  guard let signature = try? ModelSignature(parsing: bundle(input)) else { preconditionFailure("a bundle of ours") }
  guard let model = try? signature.verified(by: trust) else { return }
  precondition((try? model.check(model.files)) != nil, "the signed files are not the signed files")
  precondition((try? model.check(Array(model.files.dropLast()))) == nil, "a missing file is not missed")
  let other = SignedModel.File(path: "another", sha256: [UInt8](repeating: 0, count: 32))
  precondition((try? model.check(model.files + [other])) == nil, "a file more is not noticed")
}
