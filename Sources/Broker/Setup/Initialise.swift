import Appraisal
package import Bytes
import Cryptography
import LogStorage
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
  /// Those who may break the glass, and how many of them must: other keys than the approvers'.
  package var breakGlassApprovers: [String] = []
  package var breakGlassQuorum = 0
  /// The log holds salted commitments in the place of names; for good.
  package var privateNames = false

  package init(state: StateDirectory, logName: String, hostNames: [String], approvers: [String], quorum: Int) {
    self.state = state
    self.logName = logName
    self.hostNames = hostNames
    self.approvers = approvers
    self.quorum = quorum
  }

  package enum Refusal: Error, Equatable, Sendable {
    case alreadyInitialised, unfinished, quorumImpossible, approverMalformed, logNameInvalid
    case breakGlassQuorumImpossible, breakGlassApproverMalformed, breakGlassWithoutApprovers, quorumsOverlap
    /// Verifier keys, but not ones that sign statements: of another algorithm, or of a name that cannot be one.
    case approverUnusable, breakGlassApproverUnusable

    package var sentence: String {
      switch self {
      case .alreadyInitialised: "the folder already holds a broker's state"
      case .unfinished: "the folder holds the beginning of a state that was never finished; remove it and start again"
      case .quorumImpossible: "the quorum must be from 1 to the number of different approvers"
      case .approverMalformed: "an approver's file is not one verifier key"
      case .approverUnusable:
        "an approver's verifier key is of another purpose; make one with vouchsafe key create --purpose approver"
      case .breakGlassQuorumImpossible:
        "the break-glass quorum must be from 1 to the number of different break-glass approvers"
      case .breakGlassApproverMalformed: "a break-glass approver's file is not one verifier key"
      case .breakGlassApproverUnusable:
        "a break-glass approver's verifier key is of another purpose; make one with vouchsafe key create "
          + "--purpose approver"
      case .breakGlassWithoutApprovers: "a break-glass quorum needs approvers beside it"
      case .quorumsOverlap: "a key is given as an approver's and as a break-glass approver's; they must be different"
      case .logNameInvalid: "a log's name has no space, no +, and is not empty"
      }
    }
  }

  /// - Returns: the log's verifier key.
  /// - Throws: `Refusal`, or a `PlatformError` or `StartError.logUnwritable` when a file cannot be written. `instance.json`
  ///   is written last: without it the folder is no state.
  package func run(at now: Timestamp) throws -> String {
    let quorum = try approverQuorum(
      approvers, quorum, malformed: .approverMalformed, unusable: .approverUnusable, impossible: .quorumImpossible)
    let glass = try approverQuorum(
      breakGlassApprovers, breakGlassQuorum, malformed: .breakGlassApproverMalformed,
      unusable: .breakGlassApproverUnusable, impossible: .breakGlassQuorumImpossible)
    if let glass {
      guard let quorum else { throw Refusal.breakGlassWithoutApprovers }
      guard glass.isDisjoint(from: quorum) else { throw Refusal.quorumsOverlap }
    }
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
    let (approversFile, glassFile) = (Self.file(quorum), Self.file(glass))
    if quorum != nil { try SmallFile.create(state.approvers, approversFile, mode: 0o644) }
    if glass != nil { try SmallFile.create(state.breakGlass, glassFile, mode: 0o644) }
    try makeCertificates(at: now)
    let defaults = BrokerConfiguration()
    try ClientConfiguration.write(state, broker: defaults.listen, admin: defaults.adminListen)
    let instance = Instance(
      logName: logName, logEpoch: Hex.encode(SystemRandom.bytes(8)), privateNames: privateNames)
    try beginLog(instance, signer: signer, StateDigests(approvers: approversFile, breakGlass: glassFile), at: now)
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
    _ instance: Instance, signer: NoteSigner, _ digests: StateDigests, at now: Timestamp
  ) throws {
    let origin = Leaf.Origin(node: "init", build: Hex.encode(OwnProgram.digest()), logEpoch: instance.logEpoch)
    let leaf = Leaf(
      .config, from: origin, at: now, simulated: false, registry: .empty,
      digests.members + [("anchors", .null), ("private_names", .bool(instance.privateNames))])
    let entry = try leaf.encoded(LeafNames(key: nil, random: SystemRandom.bytes).writer())
    let directory = try DurableDirectory(path: state.log)
    do throws(LogError) {
      var writer = try LogWriter.open(directory, signer: signer, absence: .begin)
      _ = try writer.append([entry])
      try writer.publish()
    } catch { throw StartError.logUnwritable(reason: error.reason, folder: state.log) }
  }

  private func makeRoot() throws -> FileRoot {
    var bytes = SystemRandom.bytes(32)
    try SmallFile.create(state.rootKey, bytes)
    return try FileRoot(key: SecretBytes(erasing: &bytes))
  }

  private func approverQuorum(
    _ texts: [String], _ threshold: Int, malformed: Refusal, unusable: Refusal, impossible: Refusal
  ) throws(Refusal) -> ApproverQuorum? {
    guard !texts.isEmpty else { return nil }
    var keys: [NoteVerifierKey] = []
    for text in texts {
      do throws(NoteError) { keys.append(try NoteVerifierKey(vkey: text)) } catch { throw malformed }
    }
    for key in keys where (try? ApproverQuorum(threshold: 1, approvers: [key])) == nil { throw unusable }
    guard Set(keys.map(\.publicKey)).count == keys.count, (1...keys.count).contains(threshold),
      let quorum = try? ApproverQuorum(threshold: threshold, approvers: keys)
    else { throw impossible }
    return quorum
  }

  private static func file(_ quorum: ApproverQuorum?) -> [UInt8] {
    quorum.map { Array(CanonicalJSON.text($0.document).utf8) } ?? []
  }

  private func makeCertificates(at now: Timestamp) throws {
    let (server, serverKey) = try certificate("vouchsafe-broker", at: now, addresses: true)
    try SmallFile.create(state.certificate, server, mode: 0o644)
    try store(serverKey, at: state.certificateKey)
    try makeAdministrators(at: now)
  }

  func certificate(
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
  func store(_ key: P256SigningKey, at path: String) throws {
    var pem = key.pkcs8PEM().withBytes { span in (0..<span.byteCount).map { span.byte(at: $0) } }
    defer { for index in pem.indices { pem[index] = 0 } }
    try SmallFile.create(path, pem)
  }
}

/// What the log's first leaf says of files that decide who may sign: an edited one does not start.
struct StateDigests: Equatable, Sendable {
  let approvers: [UInt8]
  /// `nil` when nobody may break the glass.
  let breakGlass: [UInt8]?

  /// - Parameters: the files; empty for one that is not there.
  init(approvers: [UInt8], breakGlass: [UInt8]) {
    self.approvers = Hash.sha256.digest(approvers)
    self.breakGlass = breakGlass.isEmpty ? nil : Hash.sha256.digest(breakGlass)
  }

  var members: [(String, JSONValue)] {
    [
      ("approvers", .string(Hex.encode(approvers))),
      ("break_glass_approvers", breakGlass.map { .string(Hex.encode($0)) } ?? .null),
    ]
  }

  /// Whether a leaf of this log says the same; a leaf without the second member is of a log without break-glass.
  func isNamed(in leaf: JSONValue) -> Bool {
    leaf["approvers"] == members[0].1 && (leaf["break_glass_approvers"] ?? .null) == members[1].1
  }
}
