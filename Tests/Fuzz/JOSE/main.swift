import Bytes
import Cryptography
import FuzzDriver

let pairs = [TEEKeyPair.generate(.ecP256), .generate(.ecP521), .generate(.rsaOAEP256)]
let signer = P256SigningKey.generate()
let verifier = try VerifyingKey(subjectPublicKeyInfo: signer.publicKey.subjectPublicKeyInfo)

// Keys have one form; nothing that was not made with these keys opens or verifies.
fuzz { input in
  if let value = try? StrictJSON.parse(input), let key = try? JWK(parsing: value) {
    precondition((try? JWK(parsing: key.json)) == key, "written and read again, the key differs")
    precondition(key.thumbprint.count == 32, "a thumbprint that is no SHA-256")
  }
  for pair in pairs { precondition((try? JWE.decrypt(input, with: pair)) == nil, "a forged secret opens") }
  let text = String(decoding: input, as: UTF8.self)
  precondition((try? JWS.verifyES256(text, key: verifier)) == nil, "a forged token verifies")
}
