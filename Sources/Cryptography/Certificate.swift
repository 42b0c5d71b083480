package import Bytes
import CCrypto

/// An X.509 certificate, parsed and unverified: nobody vouches for any field until `verifyChain` has returned it.
///
/// Spec: RFC 5280 §4. Parsed once; copies share the parsed form.
package struct Certificate: Sendable, Hashable {
  package let der: [UInt8]
  private let parsed: Parsed

  /// What is known of it, shared by copies.
  private final class Parsed: Sendable {
    let plain: PlainCertificate?
    let handle = Settled<CertificateHandle>()
    let key = Settled<VerifyingKey?>()
    /// The key that was found to have signed it.
    let signer = Settled<VerifyingKey>()

    init(_ plain: PlainCertificate?) { self.plain = plain }
  }

  /// - Throws: `CertificateError.malformed` unless `der` is one certificate in DER with no byte left, times in the form
  ///   of RFC 5280 §4.1.2.5 and a serial number that is not negative.
  package init(der: [UInt8]) throws(CertificateError) { try self.init(der: der, plain: PlainCertificate(der)) }

  /// As libcrypto alone reads it: what the plain form is held against.
  package init(readByLibcrypto der: [UInt8]) throws(CertificateError) { try self.init(der: der, plain: nil) }

  /// - Parameter plain: `nil` leaves all of it to libcrypto.
  init(der: [UInt8], plain: PlainCertificate?) throws(CertificateError) {
    self.der = der
    parsed = Parsed(plain)
    guard plain == nil else { return }
    do throws(CryptoError) {
      _ = try handle
    } catch {
      throw CertificateError(error)
    }
  }

  /// One or more certificates in PEM, in file order.
  package static func parsePEM(_ text: [UInt8]) throws(CertificateError) -> [Certificate] {
    try parsePEM(text, knowing: [])
  }

  /// - Parameter known: certificates that need not be parsed again.
  package static func parsePEM(
    _ text: [UInt8], knowing known: [Certificate]
  ) throws(CertificateError) -> [Certificate] {
    var certificates: [Certificate] = []
    for der in try PEM.blocks(text, label: "CERTIFICATE") {
      if let same = known.first(where: { $0.der == der }) {
        certificates.append(same)
      } else {
        certificates.append(try Certificate(der: der))
      }
    }
    return certificates
  }

  package var pem: String { PEM.encode("CERTIFICATE", der) }

  package static func == (left: Self, right: Self) -> Bool { left.der == right.der }
  /// What is signed ends in its signature.
  package func hash(into hasher: inout Hasher) { hasher.combine(der.suffix(16)) }

  package var subject: DistinguishedName {
    DistinguishedName(der: plain?.subject ?? (unsafe bytes(cc_certificate_subject)))
  }
  package var issuer: DistinguishedName {
    DistinguishedName(der: plain?.issuer ?? (unsafe bytes(cc_certificate_issuer)))
  }
  /// Big-endian without leading zeros; zero is one byte.
  package var serialNumber: [UInt8] { plain?.serialNumber ?? (unsafe bytes(cc_certificate_serial)) }
  package var subjectPublicKeyInfo: [UInt8] { plain?.subjectPublicKeyInfo ?? (unsafe bytes(cc_certificate_spki)) }
  package var notBefore: Timestamp { plain?.notBefore ?? (try? handle)?.validity.notBefore ?? .never }
  package var notAfter: Timestamp { plain?.notAfter ?? (try? handle)?.validity.notAfter ?? 0 }
  /// 1, 2 or 3.
  package var version: Int {
    guard plain == nil, let handle = try? handle else { return 3 }
    return Int(unsafe cc_certificate_version(handle.pointer))
  }

  /// `nil` when the key is of no permitted kind.
  package var publicKey: VerifyingKey? {
    parsed.key.value { try? VerifyingKey(subjectPublicKeyInfo: subjectPublicKeyInfo) }
  }

  /// Whether anything in it lets it issue: basicConstraints, keyCertSign alone, or a version 1 root.
  package var isCA: Bool {
    if plain?.role == .endEntity { return false }
    guard let handle = try? handle else { return true }
    return unsafe cc_certificate_is_authority(handle.pointer) != 0
  }

  package var signatureAlgorithm: SignatureAlgorithm {
    guard plain == nil, let handle = try? handle else { return .ecdsa(.sha256) }
    var raw = cc_signature_algorithm()
    unsafe cc_certificate_signature_algorithm(handle.pointer, &raw)
    return SignatureAlgorithm(raw)
  }

  /// The content of every extension with that dotted OID, in order: more than one shows as more than one.
  package func extensionValues(_ oid: String) -> [[UInt8]] {
    if let plain, let identifier = DER.identifier(dotted: oid) { return plain.values(identifier) }
    guard let handle = try? handle else { return [] }
    var values: [[UInt8]] = []
    while let next = handle.extensionValue(oid, values.count) { values.append(next) }
    return values
  }
}

extension Certificate {
  /// What was read of it without libcrypto.
  var plain: PlainCertificate? { parsed.plain }

  /// libcrypto's own form, made when it is first asked for. It lives for as long as any copy of this.
  ///
  /// - Throws: never once it was made, which is at once for what is not in the plain form.
  var handle: CertificateHandle {
    get throws(CryptoError) {
      try parsed.handle.value { () throws(CryptoError) in try CertificateHandle(der: der) }
    }
  }

  func isKnown(signedBy key: VerifyingKey) -> Bool { parsed.signer.known == key }
  func remember(signedBy key: VerifyingKey) { parsed.signer.keep(key) }

  /// A field that every parsed certificate has; empty only when memory ran out.
  private func bytes(_ read: (OpaquePointer, UnsafeMutablePointer<cc_bytes>) -> Int32) -> [UInt8] {
    guard let handle = try? handle else { return [] }
    return unsafe handle.bytes(read)
  }
}

extension Timestamp {
  /// Later than any certificate is valid.
  fileprivate static let never = Timestamp(milliseconds: .max)
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
