import Bytes
import CCrypto

/// A revocation list of version 2 in the plain form. Unverified.
///
/// Unchecked and safe as `PlainCertificate` is.
@safe
final class PlainRevocationList: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<cc_plain_list>

  init?(_ der: [UInt8]) {
    var made: UnsafeMutablePointer<cc_plain_list>?
    guard unsafe cc_plain_list_parse(der, der.count, &made) == CC_OK, let made = unsafe made else { return nil }
    unsafe pointer = unsafe made
  }

  deinit { unsafe cc_plain_list_free(pointer) }

  /// DER `Name`.
  var issuer: [UInt8] { unsafe bytes(pointer.pointee.issuer) }
  /// Big-endian without leading zeros.
  var number: [UInt8] { unsafe bytes(pointer.pointee.number) }
  var thisUpdate: Timestamp { Timestamp(seconds: unsafe pointer.pointee.this_update) }
  var nextUpdate: Timestamp { Timestamp(seconds: unsafe pointer.pointee.next_update) }

  /// Serial numbers in the list's order, big-endian without leading zeros.
  var revoked: [[UInt8]] {
    var serials: [[UInt8]] = []
    var at = 0
    var range = cc_range()
    while unsafe cc_plain_list_next(pointer, &at, &range) == CC_OK { serials.append(bytes(range)) }
    return serials
  }

  private func bytes(_ range: cc_range) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: pointer.pointee.der + Int(range.offset), count: Int(range.count)))
  }
}
