package import Bytes
import CTransport
import Glibc

/// A server's certificate chain with its private key, checked against each other and the clock.
///
/// Safe and unchecked: the C object is never changed after it is made, and freed with this one.
@safe package final class TLSIdentity: @unchecked Sendable {
  fileprivate let identity: OpaquePointer
  /// DNS and IP names of the certificate.
  package let names: [String]
  /// The earliest end of validity of the chain.
  package let notAfter: Timestamp

  /// - Parameters:
  ///   - certificatePEM: the chain, leaf first.
  ///   - keyPEM: the leaf's private key, PKCS #8 or SEC 1, not encrypted. Not kept: libcrypto holds its own.
  /// - Throws: `TransportError` whose name begins with `tls`; `now` defaults to the system clock.
  package init(certificatePEM: [UInt8], keyPEM: RawSpan, now: Timestamp? = nil) throws(TransportError) {
    var verdict = ct_identity_good
    let seconds = now?.seconds ?? Int64(time(nil))
    let made = unsafe certificatePEM.withUnsafeBytes { certificates in
      unsafe keyPEM.withUnsafeBytes { key in
        unsafe ct_identity_new(
          certificates.baseAddress, certificates.count, key.baseAddress, key.count, seconds, &verdict)
      }
    }
    guard let made = unsafe made else { throw TransportError(verdict) }
    unsafe identity = made
    notAfter = Timestamp(seconds: unsafe ct_identity_not_after(made))
    unsafe names = Self.names(of: made)
  }

  /// As above; the key's bytes are overwritten, whether or not they are a key.
  package convenience init(
    certificatePEM: [UInt8], erasingKeyPEM key: inout [UInt8], now: Timestamp? = nil
  ) throws(TransportError) {
    defer { key.erase() }
    try unsafe self.init(certificatePEM: certificatePEM, keyPEM: key.span.bytes, now: now)
  }

  deinit { unsafe ct_identity_free(identity) }

  private static func names(of identity: OpaquePointer) -> [String] {
    var text = [CChar](repeating: 0, count: 16 * 1024)
    let count = unsafe ct_identity_names(identity, &text, text.count)
    return text[..<count].split(separator: 10).map { name in
      String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}

/// Whether a listener asks its clients for certificates. Any key that the client proves to hold passes the handshake;
/// `HTTPRequest.clientKey` says which it was, and the responder judges it.
package enum ClientCertificates: Sendable, Equatable {
  case none, optional, required

  fileprivate var mode: ct_client_certificates {
    switch self {
    case .none: ct_clients_anonymous
    case .optional: ct_clients_may_present
    case .required: ct_clients_must_present
    }
  }
}

/// What new connections are made with. Connections hold on to libssl's part of it themselves.
///
/// Safe and unchecked: never changed after it is made, and freed with this object.
@safe final class TLSContext: @unchecked Sendable {
  let context: OpaquePointer
  let names: ServerNames

  init(_ identity: TLSIdentity, clients: ClientCertificates) throws(TransportError) {
    guard let made = unsafe ct_context_new(identity.identity, clients.mode) else { throw .tlsUnavailable }
    unsafe context = made
    names = ServerNames(identity.names)
  }

  deinit { unsafe ct_context_free(context) }
}

extension TransportError {
  fileprivate init(_ verdict: ct_identity_verdict) {
    self =
      switch verdict {
      case ct_identity_bad_certificate: .tlsCertificateMalformed
      case ct_identity_broken_chain: .tlsChainBroken
      case ct_identity_bad_key: .tlsKeyMalformed
      case ct_identity_weak_key: .tlsKeyWeak
      case ct_identity_key_mismatch: .tlsKeyMismatch
      case ct_identity_not_yet_valid: .tlsNotYetValid
      case ct_identity_expired: .tlsExpired
      default: .tlsUnavailable
      }
  }
}
