package import Bytes
import Cryptography

/// Short-lived or long-lived keys of an S3 account.
package final class BucketKeys: Sendable {
  let accessKey: String
  let sessionToken: String?
  /// `AWS4` and the secret key: the first key of every signature.
  private let secret: SecretBytes

  package init(accessKey: String, secretKey: String, sessionToken: String?) {
    self.accessKey = accessKey
    self.sessionToken = sessionToken
    var bytes = Array("AWS4\(secretKey)".utf8)
    secret = SecretBytes(erasing: &bytes)
  }

  func hmac(_ message: String) -> [UInt8] { Hash.sha256.hmac(key: secret, Array(message.utf8)) }
}

/// What authorises one request. Spec: AWS, "Signature Version 4 signing process", for the service s3.
package struct SignatureV4: Sendable {
  /// Of the body, which reads have none of.
  private static let payload = Hex.encode(Hash.sha256.digest([]))
  private static let algorithm = "AWS4-HMAC-SHA256"

  private let keys: BucketKeys
  private let region: String
  private let service: String

  package init(_ keys: BucketKeys, region: String, service: String = "s3") {
    self.keys = keys
    self.region = region
    self.service = service
  }

  /// The fields to send, besides Host.
  /// - Parameters:
  ///   - path: as it is sent, percent-encoded.
  ///   - headers: further fields that the signature covers, names in lower case.
  package func fields(
    method: String = "GET", host: String, path: String, headers: [(String, String)] = [], at time: Timestamp
  ) -> [(String, String)] {
    let stamp = Self.stamp(time)
    let day = String(stamp.prefix(8))
    var signed: [(String, String)] = headers
    signed.append(("host", host))
    signed.append(("x-amz-content-sha256", Self.payload))
    signed.append(("x-amz-date", stamp))
    if let token = keys.sessionToken { signed.append(("x-amz-security-token", token)) }
    signed.sort { $0.0 < $1.0 }
    let names = signed.map(\.0).joined(separator: ";")
    let lines = signed.map { "\($0.0):\($0.1)\n" }.joined()
    let canonical = "\(method)\n\(path)\n\n\(lines)\n\(names)\n\(Self.payload)"
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let digest = Hex.encode(Hash.sha256.digest(Array(canonical.utf8)))
    let signature = signature(of: "\(Self.algorithm)\n\(stamp)\n\(scope)\n\(digest)", day: day)
    let authorization =
      "\(Self.algorithm) Credential=\(keys.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    var sent = signed.filter { $0.0 != "host" }
    sent.append(("Authorization", authorization))
    return sent
  }

  private func signature(of text: String, day: String) -> String {
    var key = keys.hmac(day)
    for part in [region, service, "aws4_request"] { key = Hash.sha256.hmac(key: key, Array(part.utf8)) }
    return Hex.encode(Hash.sha256.hmac(key: key, Array(text.utf8)))
  }

  /// `20260102T030405Z`
  private static func stamp(_ time: Timestamp) -> String {
    Timestamp(seconds: time.seconds).rfc3339.filter { $0 != "-" && $0 != ":" }
  }
}

enum PercentEncoding {
  /// RFC 3986: everything but unreserved characters, and the slash where it parts names.
  static func encode(_ text: String, keepingSlash: Bool) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: encoded.unicodeScalars.append(.init(byte))
      case 0x2F where keepingSlash: encoded += "/"
      default: encoded += "%" + Hex.encode([byte]).uppercased()
      }
    }
    return encoded
  }
}
