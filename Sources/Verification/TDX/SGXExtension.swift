import Cryptography

/// The members of the SGX extension of a PCK certificate: a SEQUENCE of pairs of object identifier and value, each
/// identifier once. Identifiers that nobody knows are passed over.
///
/// Spec: Intel SGX PCK Certificate and Certificate Revocation List Profile, 1.2.840.113741.1.13.1.
struct SGXExtension {
  /// The last arc below 1.2.840.113741.1.13.1.
  enum Member: UInt8 {
    case ppid = 1, tcb, pceID, fmspc, sgxType, instanceID, configuration
  }

  private static let prefix: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01]
  private let members: Pairs

  init(_ value: [UInt8]) throws(Refusal) { members = try Pairs(value[...], prefix: Self.prefix, "") }

  func has(_ member: Member) -> Bool { members[member.rawValue] != nil }

  private func value(_ member: Member) throws(Refusal) -> ArraySlice<UInt8> {
    guard let value = members[member.rawValue] else { throw Self.invalid(".\(member.rawValue)", "absent") }
    return value
  }

  func octets(_ member: Member, count: Int) throws(Refusal) -> [UInt8] {
    try Self.octets(try value(member), count: count, ".\(member.rawValue)")
  }

  private static func octets(
    _ der: ArraySlice<UInt8>, count: Int, _ place: String
  ) throws(Refusal) -> [UInt8] {
    var reader = DERReader(der)
    guard let content = reader.element(0x04), reader.isAtEnd, content.count == count else {
      throw invalid(place, "not \(count) octets")
    }
    return Array(content)
  }

  private static func integer(_ der: ArraySlice<UInt8>?, limit: UInt32, _ place: @autoclosure () -> String)
    throws(Refusal) -> UInt32
  {
    guard let der else { throw invalid(place(), "absent") }
    var reader = DERReader(der)
    guard let value = reader.integer(), reader.isAtEnd, value <= limit else {
      throw invalid(place(), "not an integer up to \(limit)")
    }
    return value
  }

  /// The 16 component SVNs, PCESVN and CPUSVN.
  func tcb() throws(Refusal) -> (components: [UInt8], pceSVN: UInt16, cpuSVN: [UInt8]) {
    let levels = try Pairs(try value(.tcb), prefix: Self.prefix + [Member.tcb.rawValue], ".2")
    var components: [UInt8] = []
    for number: UInt8 in 1...16 {
      components.append(UInt8(try Self.integer(levels[number], limit: 255, ".2.\(number)")))
    }
    let pceSVN = UInt16(try Self.integer(levels[17], limit: 65_535, ".2.17"))
    guard let cpuSVN = levels[18] else { throw Self.invalid(".2.18", "absent") }
    return (components, pceSVN, try Self.octets(cpuSVN, count: 16, ".2.18"))
  }

  func sgxType() throws(Refusal) -> PCKCertificate.SGXType {
    var reader = DERReader(try value(.sgxType))
    guard let number = reader.integer(tag: 0x0A), reader.isAtEnd, let type = PCKCertificate.SGXType(rawValue: number)
    else { throw Self.invalid(".5", "no known type") }
    return type
  }

  func configuration() throws(Refusal) -> PCKCertificate.Configuration? {
    guard has(.configuration) else { return nil }
    let members = try Pairs(try value(.configuration), prefix: Self.prefix + [Member.configuration.rawValue], ".7")
    return PCKCertificate.Configuration(
      isDynamicPlatform: try Self.boolean(members, 1), hasCachedKeys: try Self.boolean(members, 2),
      isSMTEnabled: try Self.boolean(members, 3))
  }

  private static func boolean(_ members: Pairs, _ number: UInt8) throws(Refusal) -> Bool? {
    guard let der = members[number] else { return nil }
    var reader = DERReader(der)
    guard let flag = reader.boolean(), reader.isAtEnd else { throw invalid(".7.\(number)", "not a DER BOOLEAN") }
    return flag
  }

  fileprivate static func invalid(_ place: String, _ problem: String) -> Refusal {
    Refusal(.extensionInvalid, "pck.sgxExtension\(place)", got: problem)
  }
}

/// A SEQUENCE of pairs of object identifier and value, in order, each identifier once and below one prefix.
private struct Pairs {
  /// More are in no certificate, and would only buy work.
  private static let limit = 64

  private struct Pair {
    /// Without the prefix.
    let identifier: ArraySlice<UInt8>
    /// The identifier, when it is one arc of one byte.
    let number: UInt8?
    /// DER.
    let value: ArraySlice<UInt8>

    func hasSameIdentifier(as other: Pair) -> Bool {
      number == other.number && (number != nil || identifier == other.identifier)
    }
  }

  private var pairs: [Pair] = []

  init(_ der: ArraySlice<UInt8>, prefix: [UInt8], _ place: String) throws(Refusal) {
    var outer = DERReader(der)
    guard let list = outer.element(0x30), outer.isAtEnd else {
      throw SGXExtension.invalid(place, "not one DER sequence")
    }
    var reader = DERReader(list)
    while !reader.isAtEnd {
      guard pairs.count < Self.limit, let pair = reader.element(0x30) else {
        throw SGXExtension.invalid(place, "not a sequence of pairs")
      }
      var inner = DERReader(pair)
      guard let identifier = inner.element(0x06) else { throw SGXExtension.invalid(place, "a pair without identifier") }
      let value = pair[identifier.endIndex...]
      guard identifier.starts(with: prefix), !value.isEmpty else {
        throw SGXExtension.invalid(place, "a foreign identifier")
      }
      let name = identifier.dropFirst(prefix.count)
      let new = Pair(identifier: name, number: name.count == 1 ? name.first : nil, value: value)
      guard !pairs.contains(where: new.hasSameIdentifier) else { throw SGXExtension.invalid(place, "repeated") }
      pairs.append(new)
    }
  }

  subscript(_ number: UInt8) -> ArraySlice<UInt8>? {
    pairs.firstIndex { $0.number == number }.map { pairs[$0].value }
  }
}
