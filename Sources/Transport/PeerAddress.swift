import CTransport

/// An IPv4 or IPv6 address with its port; IPv4-mapped IPv6 is IPv4.
package struct PeerAddress: Sendable, Hashable {
  /// 4 or 16, network order.
  package let bytes: [UInt8]
  package let port: UInt16

  package static let loopback = PeerAddress(bytes: [127, 0, 0, 1], port: 0)

  init(bytes: [UInt8], port: UInt16) {
    self.bytes = bytes
    self.port = port
  }

  init(_ address: ct_address) {
    var all = address.bytes
    let count = Int(address.count)
    bytes = unsafe withUnsafeBytes(of: &all) { unsafe Array($0.prefix(count)) }
    port = address.port
  }

  /// The address as text, without brackets or port.
  package var host: String {
    var address = ct_address()
    address.count = UInt8(bytes.count)
    unsafe withUnsafeMutableBytes(of: &address.bytes) { unsafe $0.copyBytes(from: bytes) }
    var text = [CChar](repeating: 0, count: 46)
    unsafe ct_address_text(&address, &text)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// What counts as one peer for limits: an IPv4 address or an IPv6 /64.
  package var bucket: [UInt8] { bytes.count == 16 ? Array(bytes[..<8]) : bytes }
}
