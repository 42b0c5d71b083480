import Bytes
import Cryptography
import KBSProtocol
import TestSupport
import Testing

struct SessionCookieTests {
  private let keyID: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
  private let nonce: [UInt8] = Array(repeating: 9, count: 12)
  private let issued = Timestamp(seconds: 1_788_170_400)

  private func key(_ byte: UInt8 = 7) -> SecretBytes {
    var bytes = [UInt8](repeating: byte, count: 32)
    return SecretBytes(erasing: &bytes)
  }

  private func session(_ state: Session.State = .challenged) -> Session {
    Session(
      id: Array(0..<16), nonceBytes: Array(100..<132), tee: .azSnpVtpm, version: .v0_4_0, issued: issued, state: state)
  }

  private func attested(expires: Timestamp) -> Session.State {
    .attested(
      Session.Attested(
        teeKeyThumbprint: Array(repeating: 1, count: 32), claimsDigest: Array(repeating: 2, count: 32),
        logIndex: UInt64.max, expires: expires))
  }

  private func seal(_ session: Session, cluster: String = "main") throws -> String {
    try SessionCookie.seal(session, key: key(), keyID: keyID, nonce: nonce, cluster: cluster)
  }

  @Test func aSessionComesBackAsItWas() throws {
    for session in [session(), session(attested(expires: issued.adding(.seconds(300))))] {
      let value = try seal(session)
      #expect(value.hasPrefix("v1."))
      #expect(value.utf8.count < SessionCookie.limitBytes)
      #expect(CookieHeader.values(in: CookieHeader.cookie(value)) == [value])
      #expect(try SessionCookie.keyID(of: value) == keyID)
      #expect(try SessionCookie.open(value, key: key(), cluster: "main") == session)
    }
  }

  @Test func nothingOfTheSessionIsReadable() throws {
    let bytes = try Base64.decodeURL(String(try seal(session()).dropFirst(3)), "cookie")
    #expect(!Hex.encode(bytes).contains(Hex.encode(Array(100..<132))))
    #expect(!Hex.encode(bytes).contains(Hex.encode(Array("az-snp-vtpm".utf8))))
  }

  @Test func anotherKeyOrClusterDoesNotOpenIt() throws {
    let value = try seal(session())
    #expect(throws: KBSProtocolError.badCookie) { try SessionCookie.open(value, key: key(8), cluster: "main") }
    #expect(throws: KBSProtocolError.badCookie) { try SessionCookie.open(value, key: key(), cluster: "other") }
  }

  @Test func everyFlippedBitOutsideTheKeyIDIsRefused() throws {
    let value = try seal(session(attested(expires: issued)))
    let bytes = try Base64.decodeURL(String(value.dropFirst(3)), "cookie")
    for index in SessionCookie.keyIDByteCount..<bytes.count {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        #expect(throws: KBSProtocolError.badCookie) {
          try SessionCookie.open("v1." + Base64.url(damaged), key: key(), cluster: "main")
        }
      }
    }
  }

  @Test func everyPrefixAndAnyOtherTextIsRefused() throws {
    let value = try seal(session())
    for count in 0..<value.utf8.count {
      #expect(throws: KBSProtocolError.badCookie) {
        try SessionCookie.open(String(value.prefix(count)), key: key(), cluster: "main")
      }
    }
    for text in ["", "v1.", "v2." + value.dropFirst(3), value + "=", value + "A", String(repeating: "A", count: 4000)] {
      #expect(throws: KBSProtocolError.badCookie) { try SessionCookie.open(text, key: key(), cluster: "main") }
    }
    #expect(throws: KBSProtocolError.badCookie) { try SessionCookie.keyID(of: "v1.AAAA") }
    let long = "v1." + String(repeating: "A", count: SessionCookie.limitBytes)
    #expect(throws: Never.self) { try SessionCookie.keyID(of: String(long.prefix(3 + 3496))) }
    #expect(throws: KBSProtocolError.badCookie) { try SessionCookie.keyID(of: String(long.prefix(3 + 3500))) }
  }

  /// Sealed by a broker of another build: authentic, and still not a session.
  @Test func authenticNonsenseIsRefused() throws {
    func sealed(_ plaintext: [UInt8]) throws -> String {
      let aad = Array("vouchsafe/session/v1|main".utf8)
      return "v1." + Base64.url(keyID + nonce + (try AESGCM.seal(plaintext, key: key(), nonce: nonce, aad: aad)))
    }
    var good = ByteWriter()
    good.append(Array(0..<16) + Array(100..<132))
    good.bigEndian(UInt64(issued.milliseconds))
    good.lengthPrefixed("az-snp-vtpm")
    good.lengthPrefixed("0.4.0")
    #expect(try SessionCookie.open(try sealed(good.bytes + [0]), key: key(), cluster: "main") == session())
    for bad in [[], good.bytes, good.bytes + [2], good.bytes + [0, 0], good.bytes + [1]] {
      #expect(throws: KBSProtocolError.badCookie) {
        try SessionCookie.open(try sealed(bad), key: key(), cluster: "main")
      }
    }
  }

  @Test func aSessionLivesFromItsChallengeUntilItsLimit() {
    let open = session()
    #expect(!open.isLive(at: issued.adding(.milliseconds(-1))))
    #expect(open.isLive(at: issued))
    #expect(open.isLive(at: issued.adding(.milliseconds(299_999))))
    #expect(!open.isLive(at: issued.adding(.seconds(300))))
    let short = session(attested(expires: issued.adding(.seconds(10))))
    #expect(short.isLive(at: issued.adding(.seconds(9))))
    #expect(!short.isLive(at: issued.adding(.seconds(10))))
    let long = session(attested(expires: issued.adding(.seconds(9999))))
    #expect(!long.isLive(at: issued.adding(.seconds(300))))
  }
}

struct CookieHeaderTests {
  @Test func theHeaderCarriesSecureOnlyOnTLS() {
    let plain = "kbs-session-id=v; Path=/kbs/v0; Max-Age=300; HttpOnly; SameSite=Strict"
    #expect(CookieHeader.setCookie("v", isEncrypted: false) == plain)
    #expect(CookieHeader.setCookie("v", isEncrypted: true) == plain + "; Secure")
    #expect(CookieHeader.value(inSetCookie: plain) == "v")
  }

  @Test(arguments: [
    ("kbs-session-id=a", ["a"]), ("x=1; kbs-session-id=a; y=2", ["a"]), ("kbs-session-id=\"a\"", ["a"]),
    ("kbs-session-id=a; kbs-session-id=b", ["a", "b"]), ("kbs-session-id=a=b", ["a=b"]), ("", []), (";;", []),
    ("kbs-session-id=", []), ("kbs-session-id", []), ("KBS-session-id=a", []), ("xkbs-session-id=a", []),
    ("kbs-session-id =a", []), ("kbs-session-id=a b", []), ("kbs-session-id=\"a", []), ("kbs-session-id=\"\"", []),
    ("  kbs-session-id=a  ", ["a"]), ("kbs-session-id=a\u{0}", []), ("kbs-session-id=é", []),
  ])
  func theValuesAreFoundAmongOthers(_ header: String, _ values: [String]) {
    #expect(CookieHeader.values(in: header) == values)
  }

  @Test func aCrowdOfCookiesIsNotFollowed() {
    let header = (0..<100).map { "kbs-session-id=\($0)" }.joined(separator: "; ")
    #expect(CookieHeader.values(in: header).count == CookieHeader.valueLimit)
  }

  /// A server's `Expires` is judged by the guest's clock, which may be wrong: a client looks at the pair alone.
  @Test func aClientIgnoresAttributes() {
    let header = "kbs-session-id=7f0c1d6e; Expires=Thu, 01 Jan 1970 00:00:00 GMT; kbs-session-id=other"
    #expect(CookieHeader.value(inSetCookie: header) == "7f0c1d6e")
    #expect(CookieHeader.value(inSetCookie: "other=1; kbs-session-id=x") == nil)
  }
}
