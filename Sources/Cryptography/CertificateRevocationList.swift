package import Bytes
import CCrypto

/// A certificate revocation list, parsed and unverified until `verifyChain` says that it was enforced. Spec: RFC 5280 §5.
package struct CertificateRevocationList: Sendable, Hashable {
  package let der: [UInt8]
  package let issuer: DistinguishedName
  package let thisUpdate: Timestamp
  package let nextUpdate: Timestamp?
  /// Big-endian without leading zeros.
  package let number: [UInt8]?
  package let signatureAlgorithm: SignatureAlgorithm
  let handle: RevocationListHandle

  /// - Throws: `CertificateError.malformed` unless `der` is one list in DER with no byte left.
  package init(der: [UInt8]) throws(CertificateError) {
    do throws(CryptoError) {
      let handle = try RevocationListHandle(der: der)
      issuer = DistinguishedName(der: try unsafe collect { unsafe cc_crl_issuer(handle.pointer, $0) })
      number = try? unsafe collect { unsafe cc_crl_number(handle.pointer, $0) }
      self.handle = handle
    } catch {
      throw CertificateError(error)
    }
    var (first, last): (Int64, Int64) = (0, 0)
    let hasNext = unsafe cc_crl_validity(handle.pointer, &first, &last) != 0
    thisUpdate = Timestamp(seconds: first)
    nextUpdate = hasNext ? Timestamp(seconds: last) : nil
    var raw = cc_signature_algorithm()
    unsafe cc_crl_signature_algorithm(handle.pointer, &raw)
    signatureAlgorithm = SignatureAlgorithm(raw)
    self.der = der
  }

  package static func parsePEM(_ text: [UInt8]) throws(CertificateError) -> [CertificateRevocationList] {
    var lists: [CertificateRevocationList] = []
    for der in try PEM.blocks(text, label: "X509 CRL") { lists.append(try CertificateRevocationList(der: der)) }
    return lists
  }

  /// Big-endian without leading zeros, in the list's order.
  package var revokedSerials: [[UInt8]] {
    let count = unsafe cc_crl_revoked_count(handle.pointer)
    return (0..<count).compactMap { index in
      try? unsafe collect { unsafe cc_crl_revoked_serial(handle.pointer, index, $0) }
    }
  }

  package static func == (left: Self, right: Self) -> Bool { left.der == right.der }
  package func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// Owns a parsed revocation list of libcrypto. Safe to share: libcrypto locks the one thing it sorts late.
@safe
final class RevocationListHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(der: [UInt8]) throws(CryptoError) {
    var made: OpaquePointer?
    try check(unsafe cc_crl_parse(der, der.count, &made))
    guard let made = unsafe made else { throw .internalFailure }
    unsafe pointer = made
  }

  deinit { unsafe cc_crl_free(pointer) }
}
