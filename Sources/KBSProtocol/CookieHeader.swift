/// The texts of the `Cookie` and `Set-Cookie` headers. Spec: RFC 6265 §4.1.1, §5.2, §5.4; kbs-protocol §1.4.
package enum CookieHeader {
  package static let name = "kbs-session-id"
  /// More cookies of our name than this are not looked at.
  package static let valueLimit = 4

  /// The value of a `Set-Cookie` header. No `Expires`: it would be judged by the guest's clock.
  /// - Parameter isEncrypted: the listener speaks TLS; a `Secure` cookie received in clear is dropped by the guest.
  package static func setCookie(_ value: String, isEncrypted: Bool) -> String {
    "\(name)=\(value); Path=/kbs/v0; Max-Age=\(Session.lifetime.components.seconds); HttpOnly; SameSite=Strict"
      + (isEncrypted ? "; Secure" : "")
  }

  /// The values of our cookie in a `Cookie` header, in order: a guest may send several. Unverified.
  package static func values(in header: String) -> [String] {
    var values: [String] = []
    for pair in header.utf8.split(separator: UInt8(ascii: ";")) where values.count < valueLimit {
      if let value = value(of: pair) { values.append(value) }
    }
    return values
  }

  /// The value of our cookie in a `Set-Cookie` header, as a client; attributes are ignored, above all `Expires`.
  package static func value(inSetCookie header: String) -> String? {
    header.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).first.flatMap(value(of:))
  }

  /// The `Cookie` header of a client.
  package static func cookie(_ value: String) -> String { "\(name)=\(value)" }

  private static func value(of pair: Substring.UTF8View) -> String? {
    let bytes = trim(Array(pair)[...])
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")), bytes[..<equals].elementsEqual(name.utf8) else {
      return nil
    }
    var value = bytes[bytes.index(after: equals)...]
    if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
      value = value.dropFirst().dropLast()
    }
    guard !value.isEmpty, value.allSatisfy(isCookieOctet) else { return nil }
    return String(decoding: value, as: UTF8.self)
  }

  private static func trim(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let body = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    guard let last = body.lastIndex(where: { $0 != 0x20 && $0 != 0x09 }) else { return [] }
    return body[...last]
  }

  /// RFC 6265 §4.1.1 `cookie-octet`: printable ASCII without space, `"`, `,`, `;` and `\`.
  private static func isCookieOctet(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && ![0x22, 0x2C, 0x3B, 0x5C].contains(byte)
  }
}
