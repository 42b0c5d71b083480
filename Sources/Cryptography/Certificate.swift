package import Bytes
import CCrypto

/// An X.509 certificate, parsed and unverified: nobody vouches for any field until `verifyChain` has returned it.
///
/// Spec: RFC 5280 §4. Parsed once; copies share the parsed form.
package struct Certificate: Sendable, Hashable {
  package let der: [UInt8]
  let handle: CertificateHandle

  /// - Throws: `CertificateError.malformed` unless `der` is one certificate in DER with no byte left, times in the form
  ///   of RFC 5280 §4.1.2.5 and a serial number that is not negative.
  package init(der: [UInt8]) throws(CertificateError) {
    do throws(CryptoError) {
      handle = try CertificateHandle(der: der)
    } catch {
      throw CertificateError(error)
    }
    self.der = der
  }

  /// One or more certificates in PEM, in file order.
  package static func parsePEM(_ text: [UInt8]) throws(CertificateError) -> [Certificate] {
    var certificates: [Certificate] = []
    for der in try PEM.blocks(text, label: "CERTIFICATE") { certificates.append(try Certificate(der: der)) }
    return certificates
  }

  package var pem: String { PEM.encode("CERTIFICATE", der) }

  package static func == (left: Self, right: Self) -> Bool { left.der == right.der }
  package func hash(into hasher: inout Hasher) { hasher.combine(der) }

  package var subject: DistinguishedName { unsafe DistinguishedName(der: handle.bytes(cc_certificate_subject)) }
  package var issuer: DistinguishedName { unsafe DistinguishedName(der: handle.bytes(cc_certificate_issuer)) }
  /// Big-endian without leading zeros; zero is one byte.
  package var serialNumber: [UInt8] { unsafe handle.bytes(cc_certificate_serial) }
  package var subjectPublicKeyInfo: [UInt8] { unsafe handle.bytes(cc_certificate_spki) }
  package var notBefore: Timestamp { handle.validity.notBefore }
  package var notAfter: Timestamp { handle.validity.notAfter }
  /// 1, 2 or 3.
  package var version: Int { Int(unsafe cc_certificate_version(handle.pointer)) }

  /// `nil` when the key is of no permitted kind.
  package var publicKey: VerifyingKey? { try? VerifyingKey(subjectPublicKeyInfo: subjectPublicKeyInfo) }

  /// Whether anything in it lets it issue: basicConstraints, keyCertSign alone, or a version 1 root.
  package var isCA: Bool { unsafe cc_certificate_is_authority(handle.pointer) != 0 }

  package var signatureAlgorithm: SignatureAlgorithm {
    var raw = cc_signature_algorithm()
    unsafe cc_certificate_signature_algorithm(handle.pointer, &raw)
    return SignatureAlgorithm(raw)
  }

  /// The content of every extension with that dotted OID, in order: more than one shows as more than one.
  package func extensionValues(_ oid: String) -> [[UInt8]] {
    var values: [[UInt8]] = []
    while let next = handle.extensionValue(oid, values.count) { values.append(next) }
    return values
  }
}

/// Owns a parsed certificate of libcrypto. Safe to share: its caches are filled when it is parsed and it is only read
/// afterwards.
@safe
final class CertificateHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(der: [UInt8]) throws(CryptoError) {
    var made: OpaquePointer?
    try check(unsafe cc_certificate_parse(der, der.count, &made))
    guard let made = unsafe made else { throw .internalFailure }
    unsafe pointer = made
  }

  deinit { unsafe cc_certificate_free(pointer) }

  /// A field that every parsed certificate has; empty only when memory ran out.
  func bytes(_ read: (OpaquePointer, UnsafeMutablePointer<cc_bytes>) -> Int32) -> [UInt8] {
    (try? unsafe collect { unsafe read(pointer, $0) }) ?? []
  }

  var validity: (notBefore: Timestamp, notAfter: Timestamp) {
    var (first, last): (Int64, Int64) = (0, 0)
    unsafe cc_certificate_validity(pointer, &first, &last)
    return (Timestamp(seconds: first), Timestamp(seconds: last))
  }

  func extensionValue(_ oid: String, _ index: Int) -> [UInt8]? {
    var isCritical: Int32 = 0
    var value: UnsafePointer<UInt8>?
    var count = 0
    guard unsafe cc_certificate_extension(pointer, oid, index, &isCritical, &value, &count) == CC_OK else {
      return nil
    }
    return unsafe Array(UnsafeBufferPointer(start: value, count: count))
  }
}
