import Bytes
import Cryptography
import KBSProtocol

/// Opens handshakes and takes their one answer. State lives in the guest's cookie, sealed under a key that is made at each
/// start: a restart ends every open handshake and nothing else.
final class Handshakes: Sendable {
  private let key: SecretBytes
  private let keyID: [UInt8]
  private let cluster: String
  private let spent: SpentChallenges
  private let random: @Sendable (Int) -> [UInt8]

  init(cluster: String, spent: SpentChallenges = SpentChallenges(), random: @escaping @Sendable (Int) -> [UInt8]) {
    key = SecretBytes.random(count: 32)
    keyID = random(SessionCookie.keyIDByteCount)
    self.cluster = cluster
    self.spent = spent
    self.random = random
  }

  /// A new session and its cookie's value.
  func open(_ request: KBSRequest, at now: Timestamp) throws(CryptoError) -> (session: Session, cookie: String) {
    let session = Session(
      id: random(Session.idByteCount), nonceBytes: random(Challenge.nonceByteCount), tee: request.tee,
      version: request.version, issued: now)
    return (session, try seal(session))
  }

  func seal(_ session: Session) throws(CryptoError) -> String {
    try SessionCookie.seal(
      session, key: key, keyID: keyID, nonce: random(SessionCookie.nonceByteCount), cluster: cluster)
  }

  /// The live session that one of the cookie values opens to.
  /// - Throws: `credentialMissing` without a value, `credentialInvalid` for a foreign or altered one, `credentialExpired`.
  func session(from values: [String], at now: Timestamp) throws(BrokerError) -> Session {
    guard !values.isEmpty else { throw .credentialMissing }
    var opened: Session?
    for value in values where opened == nil {
      guard let id = try? SessionCookie.keyID(of: value), constantTimeEquals(id, keyID) else { continue }
      opened = try? SessionCookie.open(value, key: key, cluster: cluster)
    }
    guard let session = opened else { throw .credentialInvalid }
    guard session.isLive(at: now) else { throw .credentialExpired }
    return session
  }

  /// Takes the session's answer. The challenge is spent by it, whatever the appraisal says.
  func spend(_ session: Session, at now: Timestamp) throws(BrokerError) {
    guard session.state == .challenged else { throw .nonceSpent }
    switch spent.spend(session.id, until: session.issued.adding(Session.lifetime), at: now) {
    case .spent: return
    case .alreadySpent: throw .nonceSpent
    case .full: throw .queueFull
    }
  }
}
