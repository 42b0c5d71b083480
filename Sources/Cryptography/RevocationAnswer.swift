package import Bytes
import CCrypto

/// What a responder says of one certificate, parsed and unverified until `isSigned` has been asked.
///
/// Spec: RFC 6960 §4.2, a successful basic response about exactly one certificate.
package struct RevocationAnswer: Sendable, Hashable {
  package enum Status: Sendable, Hashable {
    case good
    /// With the reason of RFC 5280 §5.3.1, when one is given.
    case revoked(reason: Int?)
    case unknown
  }

  /// In PEM.
  package static let label = "OCSP RESPONSE"

  package let der: [UInt8]
  package let status: Status
  package let producedAt: Timestamp
  package let thisUpdate: Timestamp
  package let nextUpdate: Timestamp?
  /// Of the certificate it speaks of, under the answer's own digest.
  package let certificateID: CertificateID
  /// DER of the nonce extension's content.
  package let nonce: [UInt8]?
  private let handle: RevocationAnswerHandle

  /// - Throws: `CertificateError.malformed` for anything else, a responder's error among it.
  package init(der: [UInt8]) throws(CertificateError) {
    do throws(CryptoError) {
      let handle = try RevocationAnswerHandle(der: der)
      certificateID = CertificateID(
        issuerNameHash: try unsafe collect { unsafe cc_ocsp_name_hash(handle.pointer, $0) },
        issuerKeyHash: try unsafe collect { unsafe cc_ocsp_key_hash(handle.pointer, $0) },
        serialNumber: try unsafe collect { unsafe cc_ocsp_serial(handle.pointer, $0) })
      nonce = try? unsafe collect { unsafe cc_ocsp_nonce(handle.pointer, $0) }
      self.handle = handle
    } catch {
      throw CertificateError(error)
    }
    var state = cc_ocsp_state()
    unsafe cc_ocsp_read(handle.pointer, &state)
    switch state.status {
    case CC_OCSP_GOOD: status = .good
    case CC_OCSP_REVOKED: status = .revoked(reason: state.reason < 0 ? nil : Int(state.reason))
    default: status = .unknown
    }
    producedAt = Timestamp(seconds: state.produced_at)
    thisUpdate = Timestamp(seconds: state.this_update)
    nextUpdate = state.has_next_update != 0 ? Timestamp(seconds: state.next_update) : nil
    self.der = der
  }

  package var serialNumber: [UInt8] { certificateID.serialNumber }

  /// Whether it speaks of this certificate of this issuer: its name, its key and the serial number.
  package func isAbout(_ certificate: Certificate, of issuer: Certificate) -> Bool {
    guard let subject = try? certificate.handle, let authority = try? issuer.handle else { return false }
    return unsafe cc_ocsp_is_about(handle.pointer, subject.pointer, authority.pointer) == 1
  }

  package func isAbout(_ certificate: Certificate, of anchor: TrustAnchor) -> Bool {
    anchor.carrier.map { isAbout(certificate, of: $0) } ?? false
  }

  /// Whether it speaks of some certificate of this issuer: its name and its key.
  package func isAnswer(of issuer: Certificate) -> Bool {
    guard let authority = try? issuer.handle else { return false }
    return unsafe cc_ocsp_is_of(handle.pointer, authority.pointer) == 1
  }

  package func isAnswer(of anchor: TrustAnchor) -> Bool { anchor.carrier.map { isAnswer(of: $0) } ?? false }

  /// Whether the issuer signed it, or a responder that the issuer itself made for this and that is valid at that time.
  package func isSigned(by issuer: Certificate, at time: Timestamp) -> Bool {
    if let known = handle.signer.known, known.issuer == issuer, known.seconds.contains(time.seconds) { return true }
    guard let authority = try? issuer.handle else { return false }
    var (first, last): (Int64, Int64) = (0, 0)
    guard unsafe cc_ocsp_verify(handle.pointer, authority.pointer, time.seconds, &first, &last) == CC_OK else {
      return false
    }
    handle.signer.keep(RevocationAnswerSigner(issuer: issuer, seconds: first..<last))
    return true
  }

  package func isSigned(by anchor: TrustAnchor, at time: Timestamp) -> Bool {
    anchor.carrier.map { isSigned(by: $0, at: time) } ?? false
  }

  package static func == (left: Self, right: Self) -> Bool { left.der == right.der }
  package func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// Who was found to have signed an answer.
private struct RevocationAnswerSigner: Sendable {
  /// Itself, or whose responder did.
  let issuer: Certificate
  /// Since 1970, when the responder may speak for it.
  let seconds: Range<Int64>
}

/// Owns a parsed answer of libcrypto. Safe to share: it is only read once it is parsed.
@safe
private final class RevocationAnswerHandle: @unchecked Sendable {
  let pointer: OpaquePointer
  let signer = Settled<RevocationAnswerSigner>()

  init(der: [UInt8]) throws(CryptoError) {
    var made: OpaquePointer?
    try check(unsafe cc_ocsp_parse(der, der.count, &made))
    guard let made = unsafe made else { throw .internalFailure }
    unsafe pointer = made
  }

  deinit { unsafe cc_ocsp_free(pointer) }
}
