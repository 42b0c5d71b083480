import CCrypto

/// A subject or issuer, as the DER `Name` it was written with. Unverified.
package struct DistinguishedName: Sendable, Hashable, CustomStringConvertible {
  package let der: [UInt8]

  package init(der: [UInt8]) { self.der = der }

  /// The one common name; `nil` when there is none or more than one.
  package var commonName: String? {
    var count: Int32 = 0
    var range = cc_range()
    if unsafe cc_plain_common_name(der, der.count, &count, &range) == CC_OK {
      guard count == 1 else { return nil }
      return String(decoding: der[Int(range.offset)..<Int(range.offset) + Int(range.count)], as: UTF8.self)
    }
    let utf8 = try? unsafe collect { unsafe cc_name_common_name(der, der.count, $0) }
    return utf8.flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// RFC 2253 text with control characters and non-ASCII escaped; for people.
  package var description: String {
    let utf8 = try? unsafe collect { unsafe cc_name_text(der, der.count, $0) }
    return utf8.map { String(decoding: $0, as: UTF8.self) } ?? "(not a name)"
  }
}
