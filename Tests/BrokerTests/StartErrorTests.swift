import Appraisal
import Bytes
import Glibc
import Platform
import SignedNotes
import Testing
import TransparencyLog
import Transport

@testable import Broker

/// One damaged file of the state each: the start ends with one sentence that names it.
struct StartErrorTests {
  private let folder: StateFolder
  private var state: StateDirectory { folder.state }

  init() throws { folder = try StateFolder() }

  /// Every way to damage `path`; the start names it and says `words`.
  private func expect(_ path: String, _ bytes: [UInt8]?, _ words: String, at now: Timestamp = StateFolder.now)
    async throws
  {
    let intact = try folder.read(path)
    if let bytes { try folder.write(path, bytes) } else { folder.remove(path) }
    let refusal = await folder.refusal(at: now)
    let sentence = refusal?.sentence ?? "started"
    #expect(sentence.contains(path) && sentence.contains(words), "\(sentence)")
    #expect(sentence.contains("; ") && !sentence.contains("\n"), "\(sentence)")
    #expect(refusal?.kind == .integrity)
    try folder.write(path, intact)
  }

  @Test func anIntactStateStarts() async throws { _ = try await folder.start() }

  @Test func aDamagedRootKeyIsNamed() async throws {
    try await expect(state.rootKey, nil, "is missing")
    try await expect(state.rootKey, [], "is empty")
    try await expect(state.rootKey, [1, 2, 3], "has 3 bytes, not 32")
    let other = [UInt8](repeating: 7, count: 32)
    let intact = try folder.read(state.rootKey)
    try folder.write(state.rootKey, other)
    let sentence = await folder.refusal()?.sentence ?? ""
    #expect(sentence.contains("\(state.keyring) does not open with \(state.rootKey)"), "\(sentence)")
    try folder.write(state.rootKey, intact)
  }

  @Test(arguments: [0o640, 0o604, 0o644, 0o620, 0o610, 0o601] as [UInt32])
  func aRootKeyThatOthersMayUseIsRefused(mode: UInt32) async throws {
    unsafe chmod(state.rootKey, mode)
    let refusal = try #require(await folder.refusal())
    #expect(refusal.sentence.contains("run chmod 600 \(state.rootKey)"), "\(refusal.sentence)")
    #expect(refusal.kind == .integrity)
    unsafe chmod(state.rootKey, 0o600)
    _ = try await folder.start()
  }

  @Test func aDamagedKeyringIsNamed() async throws {
    var flipped = try folder.read(state.keyring)
    let place = try #require(flipped.firstRange(of: Array(#""wrapped":""#.utf8)))
    flipped[place.upperBound] = flipped[place.upperBound] == 0x41 ? 0x42 : 0x41
    try await expect(state.keyring, flipped, "does not open with")
    try await expect(state.keyring, nil, "is missing")
    try await expect(state.keyring, [], "is empty")
    try await expect(state.keyring, Array("garbage".utf8), "is not a keyring")
    try await expect(state.keyring, Array(#"{"format":1,"keys":[],"root":"x"}"#.utf8), "lacks the key for")
  }

  @Test func aDamagedCertificateOrItsKeyIsNamed() async throws {
    for path in [state.certificate, state.certificateKey] {
      try await expect(path, nil, "is missing")
      try await expect(path, [], "is empty")
      try await expect(path, Array("garbage".utf8), "in PEM")
    }
    try await expect(state.certificate, try folder.read(state.adminCertificate), "is not the certificate of")
    let intact = try folder.read(state.certificate)
    let late = StateFolder.now.adding(.seconds(11 * 365 * 86_400))
    try await expect(state.certificate, intact, "has expired", at: late)
    try await expect(state.certificate, intact, "is not valid yet", at: StateFolder.now.adding(.seconds(-86_400)))
  }

  @Test func damagedPinsAreNamed() async throws {
    try await expect(state.adminPins, nil, "is missing")
    try await expect(state.adminPins, [], "is empty")
    try await expect(state.adminPins, Array("\n\n".utf8), "names nobody")
    try await expect(state.adminPins, Array("garbage\n".utf8), "in line 1")
    try await expect(state.adminPins, try folder.read(state.adminPins) + Array("abcd\n".utf8), "in line 4")
  }

  @Test func aDamagedInstanceFileIsNamed() async throws {
    try await expect(state.instance, [], "is empty")
    try await expect(state.instance, Array("garbage".utf8), "is not what init wrote")
    folder.remove(state.instance)
    #expect(await folder.refusal()?.sentence == StartError.notInitialised.sentence)
  }

  @Test func anotherApproversFileIsNamed() async throws {
    try await expect(state.approvers, nil, "is not the approvers' file")
    try await expect(state.approvers, Array("garbage".utf8), "is not the approvers' file")
  }

  @Test func anotherLogKeyIsNamed() async throws {
    try await expect(state.logVkey, Array("garbage".utf8), "is not the verifier key of this log")
    folder.remove(state.logVkey)
    _ = try await folder.start()
  }

  @Test func damageToTheLogIsNamed() async throws {
    let wal = "\(state.log)/wal"
    for (path, words) in [(wal, "wal is missing"), ("\(state.log)/tile/0/000.p/1", "tile/0/000.p/1 is missing")] {
      let intact = try folder.read(path)
      folder.remove(path)
      let refusal = try #require(await folder.refusal())
      #expect(refusal.sentence.contains(words) && refusal.sentence.contains(state.log), "\(refusal.sentence)")
      #expect(refusal.kind == .integrity)
      try folder.write(path, intact)
    }
    for path in ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"] {
      let intact = try folder.read("\(state.log)/\(path)")
      for bytes in [[], Array("garbage".utf8)] {
        try folder.write("\(state.log)/\(path)", bytes)
        let refusal = try #require(await folder.refusal())
        #expect(refusal.sentence.contains(path) && refusal.sentence.contains(state.log), "\(refusal.sentence)")
        #expect(refusal.kind == .integrity)
      }
      try folder.write("\(state.log)/\(path)", intact)
    }
    _ = try await folder.start()
  }

  @Test func aMissingLogFolderIsNotAnotherBroker() async throws {
    unsafe rename(state.log, state.log + ".away")
    let refusal = try #require(await folder.refusal())
    #expect(refusal.sentence.hasPrefix("\(state.log) is missing; "), "\(refusal.sentence)")
    #expect(refusal.kind == .integrity)
    unsafe mkdir(state.log, 0o700)
    #expect(await folder.refusal()?.sentence.contains("there is no log here") == true)
    unsafe rmdir(state.log)
    unsafe rename(state.log + ".away", state.log)
  }

  @Test func twoBrokersDoNotShareAState() async throws {
    let running = try await folder.start()
    #expect(await folder.refusal()?.sentence == StartError.inUse.sentence)
    _ = consume running
  }

  @Test func aDamagedBodyOfTheRegistryIsNamed() async throws {
    let digest = try await registeredBody()
    let hex = Hex.encode(digest)
    let path = "\(state.path)/registry/\(hex.prefix(2))/\(hex)"
    try await expect(path, nil, "is missing")
    try await expect(path, Array("garbage".utf8), "does not have the digest of its name")
    _ = try await folder.start()
  }

  /// The digest of a body that the log names after a change: here a revocation's.
  private func registeredBody() async throws -> [UInt8] {
    let service = try await folder.start()
    var signed = try SignedStatement(proposing: .revoking("everything"))
    try signed.sign(with: folder.approver)
    let receipt = try await service.broker.submitStatement(signed.bytes)
    let leaf = try StrictJSON.parse(receipt.entry)
    return try Hex.decode(leaf["statement"]?.stringValue ?? "", "statement")
  }

  @Test func aTornWriteIsDroppedAndSaidInTheLog() async throws {
    let wal = "\(state.log)/wal"
    let torn = try folder.read(wal) + [UInt8](repeating: 0x33, count: 77)
    try folder.write(wal, torn)
    let service = try await folder.start()
    let entry = try await service.broker.log.entry(at: 1)
    #expect(try StrictJSON.parse(entry)["log_dropped_bytes"]?.integer() == 77)
    let metrics = String(decoding: await service.broker.metrics().body, as: UTF8.self)
    #expect(metrics.contains("vouchsafe_log_dropped_bytes 77\n"))
  }

  @Test func aStateThatWasNeverFinishedIsNotBegunAgain() throws {
    folder.remove(state.instance)
    let again = Initialisation(
      state: state, logName: "vouchsafe.test/log", hostNames: [], approvers: [], quorum: 0)
    #expect(throws: Initialisation.Refusal.unfinished) { try again.run(at: StateFolder.now) }
  }
}
