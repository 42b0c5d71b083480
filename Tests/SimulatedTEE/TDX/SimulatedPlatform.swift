/// What Intel's certificate says of a platform: the content of its SGX extension.
///
/// Spec: Intel SGX PCK Certificate and CRL Profile, "SGX Extensions".
package struct SimulatedPlatform: Sendable {
  package var authority = SimulatedIntel.Authority.platform
  package var ppid = [UInt8](repeating: 0x9D, count: 16)
  /// SVNs of the 16 components of the SGX TCB.
  package var components: [UInt8] = [8, 8, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]
  package var pceSVN = 11
  /// `nil`: the components.
  package var cpuSVN: [UInt8]?
  package var pceID: [UInt8] = [0, 0]
  package var fmspc: [UInt8] = [0x00, 0x80, 0x6F, 0x05, 0x00, 0x00]
  /// 0 standard, 1 scalable, 2 scalable with integrity.
  package var sgxType: UInt8 = 1
  package var platformInstanceID = [UInt8](repeating: 0x1D, count: 16)
  package var isDynamic = true
  package var hasCachedKeys = false
  package var isSMTEnabled = true
  /// Changes the members of the extension before they are written.
  package var edit: @Sendable (inout [SGXMember]) -> Void = { _ in }
  /// Bytes after the extension's value.
  package var trailing: [UInt8] = []

  package init() {}

  package var sgxExtension: [UInt8] {
    var list = members
    edit(&list)
    return DERWriter.sequence(list.map(\.der)) + trailing
  }

  private var members: [SGXMember] {
    let tcb =
      components.enumerated().map { SGXMember([2, UInt8($0.offset + 1)], .integer(Int($0.element))) }
      + [SGXMember([2, 17], .integer(pceSVN)), SGXMember([2, 18], .octets(cpuSVN ?? components))]
    var list = [
      SGXMember([1], .octets(ppid)), SGXMember([2], .members(tcb)), SGXMember([3], .octets(pceID)),
      SGXMember([4], .octets(fmspc)), SGXMember([5], .enumerated(sgxType)),
    ]
    guard authority == .platform else { return list }
    let configuration = [isDynamic, hasCachedKeys, isSMTEnabled].enumerated().map {
      SGXMember([7, UInt8($0.offset + 1)], .boolean($0.element))
    }
    list += [SGXMember([6], .octets(platformInstanceID)), SGXMember([7], .members(configuration))]
    return list
  }
}

/// One object identifier and its value in the SGX extension.
package struct SGXMember: Sendable {
  package indirect enum Value: Sendable {
    case octets([UInt8])
    case integer(Int)
    case enumerated(UInt8)
    case boolean(Bool)
    case members([SGXMember])
    /// DER as it stands.
    case raw([UInt8])
  }

  /// The arcs below 1.2.840.113741.1.13.1.
  package var arcs: [UInt8]
  package var value: Value

  package init(_ arcs: [UInt8], _ value: Value) {
    self.arcs = arcs
    self.value = value
  }

  package var der: [UInt8] {
    let prefix: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01]
    return DERWriter.sequence([DERWriter.element(0x06, prefix + arcs), encoded])
  }

  private var encoded: [UInt8] {
    switch value {
    case .octets(let bytes): DERWriter.element(0x04, bytes)
    case .integer(let number): DERWriter.integer(number)
    case .enumerated(let number): DERWriter.element(0x0A, [number])
    case .boolean(let flag): DERWriter.element(0x01, [flag ? 0xFF : 0])
    case .members(let list): DERWriter.sequence(list.map(\.der))
    case .raw(let bytes): bytes
    }
  }
}

/// DER by hand, for what no library makes wrongly on purpose.
enum DERWriter {
  static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag] + length(content.count) + content }

  static func sequence(_ elements: [[UInt8]]) -> [UInt8] { element(0x30, elements.flatMap { $0 }) }

  /// Minimal two's complement.
  static func integer(_ number: Int) -> [UInt8] {
    var bytes = [UInt8(truncatingIfNeeded: number)]
    var rest = number >> 8
    while rest != (bytes[0] >= 128 ? -1 : 0) {
      bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    return element(0x02, bytes)
  }

  private static func length(_ count: Int) -> [UInt8] {
    switch count {
    case ..<128: [UInt8(count)]
    case ..<256: [0x81, UInt8(count)]
    default: [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
    }
  }
}
