package import Bytes
import Glibc
import Transport

/// Whose request it is, for the rate of one address: the peer, or whom a trusted proxy names in `X-Forwarded-For`.
struct ClientAddresses: Sendable {
  private let trusted: [AddressRange]

  init(trusting ranges: [AddressRange]) { trusted = ranges }

  /// The address that a request counts for: an IPv4 address or an IPv6 /64. What a stranger writes into the header is not
  /// looked at, and of a trusted proxy only the last address that is not a trusted proxy itself.
  func bucket(of request: HTTPRequest) -> [UInt8] {
    guard !trusted.isEmpty, isTrusted(request.peer.bytes), let header = request.headers.first("x-forwarded-for") else {
      return request.peer.bucket
    }
    for text in header.split(separator: ",").reversed() {
      let word = text.trimmingSpaces
      guard let address = AddressRange.address(word) else { return request.peer.bucket }
      if !isTrusted(address) { return address.count == 16 ? Array(address[..<8]) : address }
    }
    return request.peer.bucket
  }

  private func isTrusted(_ address: [UInt8]) -> Bool { trusted.contains { $0.contains(address) } }
}

/// A block of addresses, `10.0.0.0/8` or `fd00::/8`; one address alone is a block of its own.
package struct AddressRange: Equatable, Sendable {
  let prefix: [UInt8]
  let bits: Int

  package init(parsing text: String) throws(ParseError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, let address = Self.address(parts[0]) else {
      throw ParseError("trustedProxies", .unexpected)
    }
    prefix = address
    guard parts.count == 2 else {
      bits = address.count * 8
      return
    }
    guard let number = Int(parts[1]), (1...address.count * 8).contains(number) else {
      throw ParseError("trustedProxies", .outOfRange)
    }
    bits = number
  }

  func contains(_ address: [UInt8]) -> Bool {
    guard address.count == prefix.count else { return false }
    return (0..<bits).allSatisfy { bit in
      let mask: UInt8 = 0x80 >> UInt8(bit % 8)
      return address[bit / 8] & mask == prefix[bit / 8] & mask
    }
  }

  /// 4 or 16 bytes of an address's text.
  static func address(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
