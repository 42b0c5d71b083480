package import Bytes
package import Cryptography

/// The init-data document as a guest sent it: text that the platform may have measured. Unverified until its digest is
/// compared with the hardware's field.
///
/// Spec: kbs-protocol §1.10. The digest is over the raw bytes of the TOML text, with the algorithm that the text names.
package struct InitData: Equatable, Sendable {
  package let body: String
  package let algorithm: Hash
  /// `algorithm` over the bytes of `body`.
  package let digest: [UInt8]

  package init(toml body: String) throws(KBSProtocolError) {
    let header = try InitDataHeader(parsing: Array(body.utf8))
    guard header.version == "0.1.0" else { throw .malformed(ParseError("init-data.version", .unexpected)) }
    switch header.algorithm.lowercased() {
    case "sha256": algorithm = .sha256
    case "sha384": algorithm = .sha384
    case "sha512": algorithm = .sha512
    default: throw .unsupportedInitDataAlgorithm
    }
    self.body = body
    digest = algorithm.digest(Array(body.utf8))
  }

  /// The digest as a hardware field of `byteCount` bytes holds it: cut, or filled with zeros at the end. SNP HOST_DATA has
  /// 32 bytes, TDX MRCONFIGID 48.
  package func fieldValue(byteCount: Int) -> [UInt8] {
    Array(digest.prefix(byteCount)) + [UInt8](repeating: 0, count: max(0, byteCount - digest.count))
  }

  package var json: JSONValue { .object([("format", "toml"), ("body", .string(body))]) }
}
