import Bytes
import Cryptography
import KBSProtocol

/// The worked example of the protocol: one nonce, one P-256 key.
enum Golden {
  static let nonce = "mQ60sBt2yEQIuCdsf1KQ55ZzFptgV5UKH6YvvOxgf9I="
  static let x = "HtIHw_thUIhE32nr47QN-HicbJZmMqE3H5i6OQYXKgU"
  static let y = "lJAmYVoGpClk0U0MpuX5NsSnZKf7607kKlzlX1ncLP0"

  /// Members in the order a stock client sends them, which is not the canonical one.
  static let keyJSON: JSONValue = .object([
    ("kty", "EC"), ("crv", "P-256"), ("alg", "ECDH-ES+A256KW"), ("x", .string(x)), ("y", .string(y)),
  ])

  static func key() throws -> JWK { try JWK(parsing: keyJSON) }

  static let additionalEvidence =
    #"{"sampledevice":{"svn":"2","report_data":"Xfcn9bRu7cOstlFtIVZ7M9qLgmmKI9c15CpoGpPlQ8T2pyKPSjzXWofQCNctpjpV"}}"#

  static let initData = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"note.txt\" = \"hello\"\n"

  static func attestation(
    nonce: String = Golden.nonce, key: JSONValue = Golden.keyJSON, additional: JSONValue = "",
    initData: JSONValue = .null
  ) -> JSONValue {
    .object([
      ("init-data", initData), ("runtime-data", .object([("nonce", .string(nonce)), ("tee-pubkey", key)])),
      (
        "tee-evidence",
        .object([("primary_evidence", ["quote": "AA=="]), ("additional_evidence", additional)])
      ),
    ])
  }

  static func bytes(_ value: JSONValue) -> [UInt8] { CanonicalJSON.encodeInOrder(value) }
}
