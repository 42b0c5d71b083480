import Bytes
import CCrypto

/// A certificate of version 3 with a P-256 key in the plain form, which is that of Intel's: read without an object of
/// libcrypto's, which takes longer to make than a signature to check. Unverified.
///
/// It takes nothing that libcrypto would refuse; what has any other form is `nil`, and libcrypto's to read.
///
/// Unchecked: what the pointer leads to is written before `init` ends and never again. Safe: it is freed with the object,
/// and every range lies in the copy of the bytes that it owns.
@safe
final class PlainCertificate: @unchecked Sendable {
  /// What a certificate is for, by exactly the extensions that Intel's profile has.
  enum Role: Sendable { case authority, endEntity }

  let pointer: UnsafeMutablePointer<cc_plain_certificate>
  /// DER `Name`.
  let issuer: [UInt8]
  /// DER `Name`.
  let subject: [UInt8]
  let subjectPublicKeyInfo: [UInt8]

  init?(_ der: [UInt8]) {
    var made: UnsafeMutablePointer<cc_plain_certificate>?
    guard unsafe cc_plain_certificate_parse(der, der.count, &made) == CC_OK, let made = unsafe made else { return nil }
    unsafe pointer = unsafe made
    let found = unsafe made.pointee
    unsafe (issuer, subject) = (der.range(found.issuer), der.range(found.subject))
    unsafe subjectPublicKeyInfo = der.range(found.key)
  }

  deinit { unsafe cc_plain_certificate_free(pointer) }

  /// Big-endian without leading zeros; zero is one byte.
  var serialNumber: [UInt8] { unsafe bytes(pointer.pointee.serial) }
  var notBefore: Timestamp { Timestamp(seconds: unsafe pointer.pointee.not_before) }
  var notAfter: Timestamp { Timestamp(seconds: unsafe pointer.pointee.not_after) }

  /// `nil` with any other extension than the profile has, or with one of them in another form.
  var role: Role? {
    switch unsafe pointer.pointee.role {
    case CC_PLAIN_END_ENTITY: .endEntity
    case CC_PLAIN_AUTHORITY: .authority
    default: nil
    }
  }

  /// The contents of the extensions with this identifier (DER without its header): one, or none.
  func values(_ identifier: [UInt8]) -> [[UInt8]] {
    var range = cc_range()
    guard unsafe cc_plain_extension(pointer, identifier, identifier.count, &range) == CC_OK else { return [] }
    return [bytes(range)]
  }

  private func bytes(_ range: cc_range) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: pointer.pointee.der + Int(range.offset), count: Int(range.count)))
  }
}

extension [UInt8] {
  /// A copy of what lies there.
  fileprivate func range(_ range: cc_range) -> [UInt8] {
    Array(self[Int(range.offset)..<Int(range.offset) + Int(range.count)])
  }
}
