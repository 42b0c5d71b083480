import Bytes
import Fetch

/// Exchanges the pod's own token for short-lived keys. Spec: AWS STS, AssumeRoleWithWebIdentity, version 2011-06-15.
struct TokenExchange {
  private static let limitBytes = 1 << 16

  let tokenFile: String
  let role: String
  /// `https://HOST`, with a path where the service has one.
  let service: String

  func keys(_ transport: StoreTransport) throws(StoreError) -> BucketKeys {
    let token = try CredentialFile.line(tokenFile)
    let form = [
      ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
      ("RoleSessionName", "vouchsafe"), ("WebIdentityToken", token),
    ]
    let body = form.map { "\($0.0)=\(PercentEncoding.encode($0.1, keepingSlash: false))" }.joined(separator: "&")
    let request = FetchRequest(
      method: "POST", url: service.hasSuffix("/") ? service : "\(service)/",
      headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(body.utf8))
    let answer: String
    do throws(StoreError) {
      answer = String(decoding: try transport.exchange(limitBytes: Self.limitBytes) { request }, as: UTF8.self)
    } catch {
      throw .credentials("the token service did not exchange the pod's token: \(error)")
    }
    guard let access = Self.element("AccessKeyId", of: answer),
      let secret = Self.element("SecretAccessKey", of: answer),
      let session = Self.element("SessionToken", of: answer)
    else { throw .credentials("the token service's answer holds no keys") }
    return BucketKeys(accessKey: access, secretKey: secret, sessionToken: session)
  }

  /// The text of the one element of that name; `nil` for none, for several, and for text with markup or spaces.
  static func element(_ name: String, of document: String) -> String? {
    let parts = document.split(separator: "<\(name)>", omittingEmptySubsequences: false)
    guard parts.count == 2, let end = parts[1].firstRange(of: "</\(name)>") else { return nil }
    let text = String(parts[1][..<end.lowerBound])
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "+/=-_.".utf8.contains(byte)
      }
    }
    return isPlain && !text.isEmpty ? text : nil
  }
}
