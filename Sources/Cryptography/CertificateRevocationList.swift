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
  private let parsed: Parsed

  /// What is known of it, shared by copies.
  private final class Parsed: Sendable {
    let plain: PlainRevocationList?
    let handle = Settled<RevocationListHandle>()
    /// The key that was found to have signed it.
    let signer = Settled<VerifyingKey>()

    init(_ plain: PlainRevocationList?) { self.plain = plain }
  }

  /// - Throws: `CertificateError.malformed` unless `der` is one list in DER with no byte left.
  package init(der: [UInt8]) throws(CertificateError) { try self.init(der: der, plain: PlainRevocationList(der)) }

  /// `nil` for everything that libcrypto has to be asked about.
  package init?(plainDER der: [UInt8]) {
    guard let plain = PlainRevocationList(der), let list = try? CertificateRevocationList(der: der, plain: plain) else {
      return nil
    }
    self = list
  }

  /// As libcrypto alone reads it: what the plain form is held against.
  package init(readByLibcrypto der: [UInt8]) throws(CertificateError) { try self.init(der: der, plain: nil) }

  /// - Parameter plain: `nil` leaves all of it to libcrypto.
  init(der: [UInt8], plain: PlainRevocationList?) throws(CertificateError) {
    self.der = der
    if let plain {
      parsed = Parsed(plain)
      (issuer, number) = (DistinguishedName(der: plain.issuer), plain.number)
      (thisUpdate, nextUpdate, signatureAlgorithm) = (plain.thisUpdate, plain.nextUpdate, .ecdsa(.sha256))
      return
    }
    let handle: RevocationListHandle
    do throws(CryptoError) {
      handle = try RevocationListHandle(der: der)
      issuer = DistinguishedName(der: try unsafe collect { unsafe cc_crl_issuer(handle.pointer, $0) })
      number = try? unsafe collect { unsafe cc_crl_number(handle.pointer, $0) }
    } catch {
      throw CertificateError(error)
    }
    (thisUpdate, nextUpdate, signatureAlgorithm) = (handle.thisUpdate, handle.nextUpdate, handle.signatureAlgorithm)
    parsed = Parsed(nil)
    parsed.handle.keep(handle)
  }

  package static func parsePEM(_ text: [UInt8]) throws(CertificateError) -> [CertificateRevocationList] {
    var lists: [CertificateRevocationList] = []
    for der in try PEM.blocks(text, label: "X509 CRL") { lists.append(try CertificateRevocationList(der: der)) }
    return lists
  }

  /// Big-endian without leading zeros, in the list's order.
  package var revokedSerials: [[UInt8]] {
    if let plain { return plain.revoked }
    guard let handle = try? handle else { return [] }
    let count = unsafe cc_crl_revoked_count(handle.pointer)
    return (0..<count).compactMap { index in
      try? unsafe collect { unsafe cc_crl_revoked_serial(handle.pointer, index, $0) }
    }
  }

  package static func == (left: Self, right: Self) -> Bool { left.der == right.der }
  /// What is signed ends in its signature.
  package func hash(into hasher: inout Hasher) { hasher.combine(der.suffix(16)) }
}

extension CertificateRevocationList {
  /// What was read of it without libcrypto.
  var plain: PlainRevocationList? { parsed.plain }

  /// libcrypto's own form, made when it is first asked for. It lives for as long as any copy of this.
  ///
  /// - Throws: never once it was made, which is at once for what is not in the plain form.
  var handle: RevocationListHandle {
    get throws(CryptoError) {
      try parsed.handle.value { () throws(CryptoError) in try RevocationListHandle(der: der) }
    }
  }

  func isKnown(signedBy key: VerifyingKey) -> Bool { parsed.signer.known == key }
  func remember(signedBy key: VerifyingKey) { parsed.signer.keep(key) }
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

  var thisUpdate: Timestamp { validity.thisUpdate }
  var nextUpdate: Timestamp? { validity.nextUpdate }

  private var validity: (thisUpdate: Timestamp, nextUpdate: Timestamp?) {
    var (first, last): (Int64, Int64) = (0, 0)
    let hasNext = unsafe cc_crl_validity(pointer, &first, &last) != 0
    return (Timestamp(seconds: first), hasNext ? Timestamp(seconds: last) : nil)
  }

  var signatureAlgorithm: SignatureAlgorithm {
    var raw = cc_signature_algorithm()
    unsafe cc_crl_signature_algorithm(pointer, &raw)
    return SignatureAlgorithm(raw)
  }
}
