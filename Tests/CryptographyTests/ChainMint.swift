import Bytes
import Cryptography
import Testing

/// Makes certificates and revocation lists for tests, right by default and wrong where asked.
struct MintedAuthority {
  let name: String
  let key: P256SigningKey
  /// Its own certificate; `nil` for an anchor, which needs none.
  var certificate: Certificate?

  init(anchor name: String, key: P256SigningKey = .generate()) {
    self.name = name
    self.key = key
  }

  var subject: [UInt8] { Mint.name(name) }

  var anchor: TrustAnchor {
    TrustAnchor(name: name, subject: subject, subjectPublicKeyInfo: key.publicKey.subjectPublicKeyInfo)
  }

  /// An authority under this one.
  func authority(_ name: String, _ change: (inout Mint.Request) -> Void = { _ in }) throws -> MintedAuthority {
    var made = MintedAuthority(anchor: name)
    var request = Mint.Request(subject: name, key: made.key.publicKey.subjectPublicKeyInfo, isAuthority: true)
    change(&request)
    made.certificate = try issue(request)
    return made
  }

  func leaf(_ name: String = "leaf", _ change: (inout Mint.Request) -> Void = { _ in }) throws -> Certificate {
    var request = Mint.Request(
      subject: name, key: P256SigningKey.generate().publicKey.subjectPublicKeyInfo, isAuthority: false)
    change(&request)
    return try issue(request)
  }

  func issue(_ request: Mint.Request) throws -> Certificate {
    try Certificate(der: Mint.sign(Mint.body(request, issuer: self), request.algorithm, key))
  }

  func list(
    from thisUpdate: Timestamp = 1_000, until nextUpdate: Timestamp = 2_000_000, revoking serials: [[UInt8]] = [],
    signedBy other: P256SigningKey? = nil
  ) throws -> CertificateRevocationList {
    var parts = DER.integer([1])
    parts += Mint.ecdsaSHA256 + subject + Mint.time(thisUpdate) + Mint.time(nextUpdate)
    let entries = serials.flatMap { DER.sequence(DER.integer($0), Mint.time(thisUpdate)) }
    if !entries.isEmpty { parts += DER.sequence(entries) }
    let identifier = Mint.entry([2, 5, 29, 35], DER.sequence(DER.element(0x80, Mint.identifier(key.publicKey))))
    let number = Mint.entry([2, 5, 29, 20], DER.integer([7]))
    parts += DER.element(0xA0, DER.sequence(identifier, number))
    return try CertificateRevocationList(der: Mint.sign(DER.sequence(parts), Mint.ecdsaSHA256, other ?? key))
  }
}

enum Mint {
  struct Request {
    var subject: String
    var key: [UInt8]
    var isAuthority: Bool
    var serial: [UInt8] = [0x11]
    var notBefore: Timestamp = 1_000
    var notAfter: Timestamp = 2_000_000
    var keyUsage: [UInt8]?
    var pathLength: UInt8?
    /// Whole extensions put behind the usual ones.
    var extensions: [[UInt8]] = []
    var algorithm = Mint.ecdsaSHA256

    init(subject: String, key: [UInt8], isAuthority: Bool) {
      self.subject = subject
      self.key = key
      self.isAuthority = isAuthority
    }
  }

  static let ecdsaSHA256 = DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 4, 3, 2))
  static let ecdsaSHA1 = DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 4, 1))

  static func name(_ common: String) -> [UInt8] {
    DER.sequence(DER.set(DER.sequence(DER.objectIdentifier(2, 5, 4, 3), DER.utf8String(common))))
  }

  static func time(_ timestamp: Timestamp) -> [UInt8] {
    DER.element(0x17, Array(timestamp.rfc3339.utf8.filter { (0x30...0x39).contains($0) }.dropFirst(2)) + [0x5A])
  }

  static func identifier(_ key: ECPublicKey) -> [UInt8] {
    Array(Hash.sha256.digest(key.subjectPublicKeyInfo).prefix(20))
  }

  static func entry(_ arcs: [UInt], isCritical: Bool = false, _ value: [UInt8]) -> [UInt8] {
    var content = [UInt8(arcs[0] * 40 + arcs[1])]
    for arc in arcs.dropFirst(2) {
      if arc >= 128 { content.append(UInt8(arc >> 7) | 0x80) }
      content.append(UInt8(arc & 0x7F))
    }
    return DER.sequence(DER.element(0x06, content), isCritical ? DER.true : [], DER.octetString(value))
  }

  static func body(_ request: Request, issuer: MintedAuthority) -> [UInt8] {
    let limit = request.pathLength.map { DER.integer([$0]) } ?? []
    let constraints = request.isAuthority ? DER.sequence(DER.true, limit) : DER.sequence()
    let usage = request.keyUsage ?? (request.isAuthority ? [0x06] : [0x80])
    var extensions = entry([2, 5, 29, 19], isCritical: true, constraints)
    extensions += entry([2, 5, 29, 15], isCritical: true, DER.bitString(usage, unusedBits: usage == [0x80] ? 7 : 1))
    extensions += entry([2, 5, 29, 14], DER.octetString(Array(Hash.sha256.digest(request.key).prefix(20))))
    if let own = issuer.certificate {
      let identifier = own.extensionValues("2.5.29.14")[0].dropFirst(2)
      extensions += entry([2, 5, 29, 35], DER.sequence(DER.element(0x80, Array(identifier))))
    } else {
      // An anchor has no identifier: whatever is written here must not matter.
      extensions += entry([2, 5, 29, 35], DER.sequence(DER.element(0x80, identifier(issuer.key.publicKey))))
    }
    extensions += request.extensions.flatMap { $0 }
    return DER.sequence(
      DER.element(0xA0, DER.integer([2])), DER.integer(request.serial), request.algorithm, issuer.subject,
      DER.sequence(time(request.notBefore), time(request.notAfter)), name(request.subject), request.key,
      DER.element(0xA3, DER.sequence(extensions)))
  }

  static func sign(_ body: [UInt8], _ algorithm: [UInt8], _ key: P256SigningKey) -> [UInt8] {
    let raw = key.sign(body)
    let signature = DER.sequence(DER.integer(Array(raw.prefix(32))), DER.integer(Array(raw.suffix(32))))
    return DER.sequence(body, algorithm, DER.bitString(signature))
  }
}
