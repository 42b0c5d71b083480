import Appraisal
package import Bytes
import Cryptography
import Platform
import SignedNotes
import TransparencyLog

/// Makes a broker's state: every key, a TLS certificate, an administrator's certificate, and the approvers' quorum.
///
/// A new state has no reference bundle and no key, so it releases nothing; without approvers it never will.
package struct Initialisation: Sendable {
  package var state: StateDirectory
  /// The log's name, as checkpoints carry it.
  package var logName: String
  /// Names and addresses for the certificate, beside `localhost` and the loopback addresses.
  package var hostNames: [String]
  /// Verifier keys in C2SP text form.
  package var approvers: [String]
  package var quorum: Int

  package init(state: StateDirectory, logName: String, hostNames: [String], approvers: [String], quorum: Int) {
    self.state = state
    self.logName = logName
    self.hostNames = hostNames
    self.approvers = approvers
    self.quorum = quorum
  }

  package enum Refusal: Error, Equatable, Sendable {
    case alreadyInitialised, unfinished, quorumImpossible, approverMalformed, logNameInvalid

    package var sentence: String {
      switch self {
      case .alreadyInitialised: "the folder already holds a broker's state"
      case .unfinished: "the folder holds the beginning of a state that was never finished; remove it and start again"
      case .quorumImpossible: "the quorum must be from 1 to the number of different approvers"
      case .approverMalformed: "an approver's file is not one verifier key"
      case .logNameInvalid: "a log's name has no space, no +, and is not empty"
      }
    }
  }

  /// - Returns: the log's verifier key.
  /// - Throws: `Refusal`, or a `PlatformError` when a file cannot be written. `instance.json` is written last: without it
  ///   the folder is no state.
  package func run(at now: Timestamp) throws -> String {
    let policy = try approverPolicy()
    guard !SmallFile.exists(state.instance) else { throw Refusal.alreadyInitialised }
    guard !SmallFile.exists(state.rootKey) else { throw Refusal.unfinished }
    for folder in state.folders { try SmallFile.makeFolder(folder, mode: 0o700) }
    let root = try makeRoot()
    let keyring = try Keyring.create(under: root)
    try SmallFile.create(state.keyring, keyring)
    let opened = try Keyring.open(keyring, under: root)
    let signer: NoteSigner
    do { signer = try NoteSigner(name: logName, key: opened.logKey) } catch { throw Refusal.logNameInvalid }
    let vkey = signer.verifierKey.text
    try SmallFile.create(state.logVkey, Array((vkey + "\n").utf8), mode: 0o644)
    if let policy { try SmallFile.create(state.approvers, Array(policy.utf8), mode: 0o644) }
    try makeCertificates(at: now)
    let defaults = BrokerConfiguration()
    try ClientConfiguration.write(state, broker: defaults.listen, admin: defaults.adminListen)
    let instance = Instance(logName: logName, logEpoch: Hex.encode(SystemRandom.bytes(8)))
    try beginLog(instance, signer: signer, approvers: Array((policy ?? "").utf8), at: now)
    // All that instance.json vouches for is durable before it has its name.
    for folder in state.folders { try SmallFile.synchronize(folder: folder) }
    try SmallFile.create(state.instance, instance.json)
    try SmallFile.synchronize(folder: state.path)
    try SmallFile.synchronize(folder: state.parent)
    return vkey
  }

  /// The log's first leaf names the approvers; from now on a missing log is a damaged one, and an edited approvers' file
  /// does not start.
  private func beginLog(
    _ instance: Instance, signer: NoteSigner, approvers: [UInt8], at now: Timestamp
  ) throws {
    let origin = Leaf.Origin(node: "init", build: Hex.encode(OwnProgram.digest()), logEpoch: instance.logEpoch)
    let leaf = Leaf(
      .config, from: origin, at: now, simulated: false, registry: .empty,
      [("approvers", .string(Hex.encode(Hash.sha256.digest(approvers)))), ("anchors", .null)])
    var writer = try LogWriter.open(try DurableDirectory(path: state.log), signer: signer, absence: .begin)
    _ = try writer.append([try leaf.encoded()])
    try writer.publish()
  }

  private func makeRoot() throws -> FileRoot {
    var bytes = SystemRandom.bytes(32)
    try SmallFile.create(state.rootKey, bytes)
    return try FileRoot(key: SecretBytes(erasing: &bytes))
  }

  private func approverPolicy() throws -> String? {
    guard !approvers.isEmpty else { return nil }
    var keys: [NoteVerifierKey] = []
    for text in approvers {
      do { keys.append(try NoteVerifierKey(vkey: text)) } catch { throw Refusal.approverMalformed }
    }
    guard Set(keys.map(\.publicKey)).count == keys.count, (1...keys.count).contains(quorum) else {
      throw Refusal.quorumImpossible
    }
    do {
      return CanonicalJSON.text(try ApproverQuorum(threshold: quorum, approvers: keys).document)
    } catch { throw Refusal.quorumImpossible }
  }

  private func makeCertificates(at now: Timestamp) throws {
    let (server, serverKey) = try certificate("vouchsafe-broker", at: now, addresses: true)
    try SmallFile.create(state.certificate, server, mode: 0o644)
    try store(serverKey, at: state.certificateKey)
    let (admin, adminKey) = try certificate("vouchsafe-admin", at: now, addresses: false)
    try SmallFile.create(state.adminCertificate, admin, mode: 0o644)
    try store(adminKey, at: state.adminKey)
    let pin = Hash.sha256.digest(adminKey.publicKey.subjectPublicKeyInfo)
    try SmallFile.create(state.adminPins, Array((Hex.encode(pin) + "\n").utf8))
  }

  private func certificate(
    _ name: String, at now: Timestamp, addresses: Bool
  ) throws -> (pem: [UInt8], key: P256SigningKey) {
    let key = P256SigningKey.generate()
    let given = addresses ? hostNames : []
    let der = try SelfSignedCertificate.make(
      commonName: name, dnsNames: addresses ? ["localhost"] + given.filter { !Self.isAddress($0) } : [],
      ipAddresses: addresses ? ["127.0.0.1", "::1"] + given.filter(Self.isAddress) : [], key: key,
      notBefore: now.adding(.seconds(-3600)), notAfter: now.adding(.seconds(10 * 365 * 86_400)),
      serial: [0x40] + SystemRandom.bytes(15))
    return (Array(PEM.encode("CERTIFICATE", der).utf8), key)
  }

  /// Whether the name is an IP literal: only then does every character fit, with a colon or four numbers.
  private static func isAddress(_ name: String) -> Bool {
    let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
    return name.contains(":") || (numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil })
  }

  /// A private key in PKCS #8 PEM, mode 0600; the copy that is written is erased.
  private func store(_ key: P256SigningKey, at path: String) throws {
    var pem = key.pkcs8PEM().withBytes { span in (0..<span.byteCount).map { span.byte(at: $0) } }
    defer { for index in pem.indices { pem[index] = 0 } }
    try SmallFile.create(path, pem)
  }
}
