package import Bytes

/// What a session cookie carries: the state of one RCAR handshake, kept by the guest and sealed by the broker.
///
/// Spec: reliability §3.6. Written by us alone, so the encoding is ours: fixed fields, then length-prefixed ones, big-endian.
package struct Session: Equatable, Sendable {
  package enum State: Equatable, Sendable {
    case challenged
    case attested(Attested)
  }

  /// What a successful attestation leaves: enough to find the result again, and to tell that it is the same.
  package struct Attested: Equatable, Sendable {
    /// RFC 7638 SHA-256 of the TEE key, 32 bytes.
    package let teeKeyThumbprint: [UInt8]
    /// SHA-256 of the canonical claims, 32 bytes.
    package let claimsDigest: [UInt8]
    package let logIndex: UInt64
    package let expires: Timestamp

    /// - Precondition: both digests are of 32 bytes.
    package init(teeKeyThumbprint: [UInt8], claimsDigest: [UInt8], logIndex: UInt64, expires: Timestamp) {
      precondition(teeKeyThumbprint.count == 32 && claimsDigest.count == 32)
      self.teeKeyThumbprint = teeKeyThumbprint
      self.claimsDigest = claimsDigest
      self.logIndex = logIndex
      self.expires = expires
    }
  }

  /// 16 random bytes.
  package let id: [UInt8]
  /// 32 random bytes; the challenge's nonce is their base64 text.
  package let nonceBytes: [UInt8]
  package let tee: TEEName
  package let version: ProtocolVersion
  package let issued: Timestamp
  package var state: State

  package static let idByteCount = 16
  /// From the challenge on; attesting does not extend it. Spec: kbs-protocol §1.4.
  package static let lifetime: Duration = .seconds(300)

  /// - Precondition: `id` is of 16 bytes, `nonceBytes` of 32.
  package init(
    id: [UInt8], nonceBytes: [UInt8], tee: TEEName, version: ProtocolVersion, issued: Timestamp,
    state: State = .challenged
  ) {
    precondition(id.count == Self.idByteCount && nonceBytes.count == Challenge.nonceByteCount)
    self.id = id
    self.nonceBytes = nonceBytes
    self.tee = tee
    self.version = version
    self.issued = issued
    self.state = state
  }

  package var challenge: Challenge { Challenge(nonceBytes: nonceBytes) }

  /// Whether the session still counts: neither over nor issued in the future.
  package func isLive(at now: Timestamp) -> Bool {
    guard now >= issued, now < issued.adding(Self.lifetime) else { return false }
    guard case .attested(let attested) = state else { return true }
    return now < attested.expires
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter(reserving: 192)
    writer.append(id)
    writer.append(nonceBytes)
    writer.bigEndian(UInt64(bitPattern: issued.milliseconds))
    writer.lengthPrefixed(tee.rawValue)
    writer.lengthPrefixed(version.rawValue)
    switch state {
    case .challenged: writer.append(byte: 0)
    case .attested(let attested):
      writer.append(byte: 1)
      writer.append(attested.teeKeyThumbprint)
      writer.append(attested.claimsDigest)
      writer.bigEndian(attested.logIndex)
      writer.bigEndian(UInt64(bitPattern: attested.expires.milliseconds))
    }
    return writer.bytes
  }

  init(parsing bytes: [UInt8]) throws(KBSProtocolError) {
    var cursor = ByteCursor(bytes)
    let (id, nonce, issued, tee, version) = try parsing { () throws(ParseError) in
      (
        Array(try cursor.bytes(Self.idByteCount, "session.id")),
        Array(try cursor.bytes(Challenge.nonceByteCount, "session.nonce")),
        try cursor.bigEndian("session.issued", as: UInt64.self),
        try cursor.lengthPrefixed("session.tee", limit: 32), try cursor.lengthPrefixed("session.version", limit: 16)
      )
    }
    let state = try parsing { () throws(ParseError) in
      let state = try Self.state(&cursor)
      try cursor.finish("session")
      return state
    }
    self.init(
      id: id, nonceBytes: nonce, tee: try TEEName(parsing: String(decoding: tee, as: UTF8.self)),
      version: try ProtocolVersion(parsing: String(decoding: version, as: UTF8.self)),
      issued: Timestamp(milliseconds: Int64(bitPattern: issued)), state: state)
  }

  private static func state(_ cursor: inout ByteCursor) throws(ParseError) -> State {
    switch try cursor.byte("session.state") {
    case 0: return .challenged
    case 1:
      let thumbprint = try cursor.bytes(32, "session.tee-key")
      let claims = try cursor.bytes(32, "session.claims")
      let index = try cursor.bigEndian("session.log-index", as: UInt64.self)
      let expires = try cursor.bigEndian("session.expires", as: UInt64.self)
      return .attested(
        Attested(
          teeKeyThumbprint: Array(thumbprint), claimsDigest: Array(claims), logIndex: index,
          expires: Timestamp(milliseconds: Int64(bitPattern: expires))))
    default: throw ParseError("session.state", .unexpected)
    }
  }
}
