import Bytes

@testable import Cryptography

/// A chain in the profile of Intel's, of which every part can be made otherwise and is signed all the same.
struct PlainWorld {
  static let now: Timestamp = 1_750_000_000

  struct Signed {
    var version: [UInt8]
    var serial = DER.integer([0x11])
    var algorithm = Mint.ecdsaSHA256
    var outerAlgorithm = Mint.ecdsaSHA256
    var issuer: [UInt8]
    var first = time("250101000000Z")
    var last = time("270101000000Z")
    var extensions: [[UInt8]]
    /// Who signs in the issuer's place.
    var forger: P256SigningKey?
  }

  struct Issued {
    var signed: Signed
    var subject: [UInt8]
    var key: [UInt8]
  }

  struct Listed {
    var signed: Signed
    var entries: [[UInt8]] = []
  }

  let root = MintedAuthority(anchor: "Intel SGX Root CA")
  let middleKey = P256SigningKey.generate()
  var middle: Issued
  var leaf: Issued
  var rootList: Listed
  var middleList: Listed
  /// Beside the lists above.
  var moreLists: [[UInt8]] = []
  var profile = ChainProfile.intelPCK

  init() {
    let (middleName, key) = (Mint.name("Intel SGX PCK Platform CA"), middleKey.publicKey)
    let leafKey = P256SigningKey.generate().publicKey
    let (above, here) = (Mint.identifier(root.key.publicKey), Mint.identifier(key))
    let shared = Self.distributionPoint
    middle = Issued(
      signed: Signed(
        version: DER.element(0xA0, DER.integer([2])), issuer: root.subject,
        extensions: [Self.authorityKey(above), shared, Self.subjectKey(here), Self.authorityUsage, Self.authority]),
      subject: middleName, key: key.subjectPublicKeyInfo)
    leaf = Issued(
      signed: Signed(
        version: DER.element(0xA0, DER.integer([2])), issuer: middleName,
        extensions: [
          Self.authorityKey(here), shared, Self.subjectKey(Mint.identifier(leafKey)), Self.leafUsage, Self.endEntity,
          Self.vendors,
        ]),
      subject: Mint.name("Intel SGX PCK Certificate"), key: leafKey.subjectPublicKeyInfo)
    func list(_ issuer: [UInt8], _ identifier: [UInt8]) -> Listed {
      let extensions = [Self.number, Self.authorityKey(identifier)]
      return Listed(signed: Signed(version: DER.integer([1]), issuer: issuer, extensions: extensions))
    }
    rootList = list(root.subject, above)
    middleList = list(middleName, here)
  }

  static func time(_ text: String) -> [UInt8] { DER.element(text.utf8.count == 13 ? 0x17 : 0x18, Array(text.utf8)) }
  static func entry(_ serial: [UInt8], reason: UInt8? = nil) -> [UInt8] {
    let reason = reason.map { DER.sequence(Mint.entry([2, 5, 29, 21], [0x0A, 1, $0])) } ?? []
    return DER.sequence(DER.integer(serial), time("250101000000Z"), reason)
  }
  static func authorityKey(_ key: [UInt8]) -> [UInt8] {
    Mint.entry([2, 5, 29, 35], DER.sequence(DER.element(0x80, key)))
  }
  static func subjectKey(_ key: [UInt8]) -> [UInt8] { Mint.entry([2, 5, 29, 14], DER.octetString(key)) }
  static func usage(_ bits: UInt8, unused: UInt8, isCritical: Bool = true) -> [UInt8] {
    Mint.entry([2, 5, 29, 15], isCritical: isCritical, DER.bitString([bits], unusedBits: unused))
  }
  static func constraints(_ content: [UInt8], isCritical: Bool = true) -> [UInt8] {
    Mint.entry([2, 5, 29, 19], isCritical: isCritical, DER.sequence(content))
  }

  static let authorityUsage = usage(0x06, unused: 1)
  static let leafUsage = usage(0xC0, unused: 6)
  static let authority = constraints(DER.true + DER.integer([0]))
  static let endEntity = constraints([])
  static let vendors = DER.sequence(
    DER.objectIdentifier(1, 2, 840, 113741, 1, 13, 1), DER.octetString(DER.sequence()))
  static let number = Mint.entry([2, 5, 29, 20], DER.integer([1]))
  static let distributionPoint: [UInt8] = {
    let address = DER.element(0x86, Array("https://simulated.invalid/list.der".utf8))
    return Mint.entry(
      [2, 5, 29, 31], DER.sequence(DER.sequence(DER.element(0xA0, DER.element(0xA0, address)))))
  }()

  private func der(_ parts: Signed, _ content: [UInt8], _ key: P256SigningKey) -> [UInt8] {
    let signed = Mint.sign(content, parts.algorithm, parts.forger ?? key)
    guard parts.outerAlgorithm != parts.algorithm else { return signed }
    let raw = (parts.forger ?? key).sign(content)
    let signature = DER.sequence(DER.integer(Array(raw.prefix(32))), DER.integer(Array(raw.suffix(32))))
    return DER.sequence(content, parts.outerAlgorithm, DER.bitString(signature))
  }

  private func certificate(_ issued: Issued, _ key: P256SigningKey) -> [UInt8] {
    let parts = issued.signed
    let wrapped = DER.element(0xA3, DER.sequence(Array(parts.extensions.joined())))
    let content = DER.sequence(
      parts.version, parts.serial, parts.algorithm, parts.issuer, DER.sequence(parts.first, parts.last),
      issued.subject, issued.key, wrapped)
    return der(parts, content, key)
  }

  private func list(_ listed: Listed, _ key: P256SigningKey) -> [UInt8] {
    let parts = listed.signed
    let entries = listed.entries.isEmpty ? [] : DER.sequence(Array(listed.entries.joined()))
    let wrapped = DER.element(0xA0, DER.sequence(Array(parts.extensions.joined())))
    let content = DER.sequence(
      parts.version, parts.algorithm, parts.issuer, parts.first, parts.last, entries, wrapped)
    return der(parts, content, key)
  }

  var certificates: [[UInt8]] { [certificate(leaf, middleKey), certificate(middle, root.key)] }
  var lists: [[UInt8]] { [list(middleList, middleKey), list(rootList, root.key)] + moreLists }

  /// The same bytes, read here and read by libcrypto alone.
  func verdicts(at time: Timestamp = now) -> (plain: VerifiedChain?, library: VerifiedChain?) {
    let (certificates, lists) = (certificates, lists)
    let own = certificates.compactMap { try? Certificate(der: $0) }
    let ownLists = lists.compactMap { try? CertificateRevocationList(der: $0) }
    let theirs = certificates.compactMap { try? Certificate(der: $0, plain: nil) }
    let theirLists = lists.compactMap { try? CertificateRevocationList(der: $0, plain: nil) }
    let plain =
      own.count == 2
      ? plainChain(
        leaf: own[0], intermediates: [own[1]], anchor: root.anchor, revocationLists: ownLists, at: time,
        profile: profile) : nil
    let library =
      theirs.count == 2
      ? try? verifyChain(
        leaf: theirs[0], intermediates: [theirs[1]], anchor: root.anchor, revocationLists: theirLists, at: time,
        profile: profile) : nil
    return (plain, library)
  }
}
