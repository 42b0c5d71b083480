import Appraisal
import Bytes
import Cryptography
import Glibc
import LogStorage
import Platform
import SignedNotes
import Telemetry
import TransparencyLog
import Verification

/// A state whose keys, log and registry are open in this process alone.
struct OpenedState: Sendable {
  let parts: KeyBroker.Parts
  let lock: DurableDirectory
  let digests: StateDigests

  static func open(
    _ state: StateDirectory, configuration: BrokerConfiguration, clock: @escaping @Sendable () -> Timestamp
  ) async throws -> OpenedState {
    let instance = try openInstance(state)
    let keyring = try openKeyring(state)
    let events = EventLog(service: "broker", now: clock)
    let stop = StopSignal()
    let directory = try openLocked(state.log)
    let witnessing = try Witnessing(configuration, instance, keyring)
    let witnessed = try await witnessing.checkpoints()
    let log = try await openLog(directory, state, instance, keyring, witnessed)
    report(log.recovery, to: events)
    let (approvers, breakGlass) = (try readIfThere(state.approvers), try readIfThere(state.breakGlass))
    let digests = StateDigests(approvers: approvers, breakGlass: breakGlass)
    try await checkBeginning(of: log, state, digests, instance)
    let values = ReferenceValues(
      quorum: try quorum(approvers), breakGlass: try quorum(breakGlass),
      salt: instance.privateNames ? keyring.valuesSalt : nil)
    let registry = try await openRegistry(state, log, values, stop)
    let evidence = try BlobStore(DurableDirectory(path: state.path), folder: "evidence", stop: stop)
    for file in [approvers, breakGlass] { _ = try await keep(file, in: evidence, stop, state) }
    let (anchors, anchorFiles) = try loadAnchors(configuration.anchors)
    let anchorsDigest = try await anchorFiles.isEmpty ? nil : keep(anchorFiles, in: evidence, stop, state)
    let parts = KeyBroker.Parts(
      configuration: configuration, instance: instance, keyring: keyring, anchors: anchors,
      extraAnchorsDigest: anchorsDigest,
      endorsements: try openEndorsements(
        state, configuration, anchors, events, isNew: await log.size <= 1, at: clock()),
      log: log,
      evidence: evidence, registry: registry, events: events,
      origin: Leaf.Origin(
        node: configuration.node, build: Hex.encode(OwnProgram.digest()), logEpoch: instance.logEpoch),
      workers: max(2, Processors.available), clock: clock, random: SystemRandom.bytes,
      witnesses: try witnessing.board(), stop: stop)
    return OpenedState(parts: parts, lock: directory, digests: digests)
  }

  /// Stores what this start's leaf names.
  private static func keep(
    _ blob: [UInt8], in evidence: BlobStore, _ stop: StopSignal, _ state: StateDirectory
  ) async throws -> [UInt8] {
    do { return try await evidence.store(blob) } catch {
      throw StartError.logUnwritable(reason: stop.failure ?? "", folder: "\(state.path)/evidence")
    }
  }

  private static func openInstance(_ state: StateDirectory) throws -> Instance {
    let file: [UInt8]
    do throws(StartError) {
      file = try StateFile.instance.read(state.instance, limitBytes: 4096)
    } catch .file(_, _, .missing) { throw StartError.notInitialised }
    do throws(ParseError) { return try Instance(parsing: file) } catch {
      throw StateFile.instance.fault(.malformed("is not what init wrote (\(error))"), at: state.instance)
    }
  }

  private static func openKeyring(_ state: StateDirectory) throws -> Keyring {
    var root = try StateFile.rootKey.read(state.rootKey, limitBytes: 4096, isSecret: true)
    let length = root.count
    guard let provider = try? FileRoot(key: SecretBytes(erasing: &root)) else {
      throw StateFile.rootKey.fault(.malformed("has \(length) bytes, not 32"), at: state.rootKey)
    }
    let file = try StateFile.keyring.read(state.keyring, limitBytes: 1 << 20)
    do { return try Keyring.open(file, under: provider) } catch let error as KeyringError {
      throw StateFile.keyring.fault(.malformed(words(for: error, state)), at: state.keyring)
    } catch {
      throw StateFile.keyring.fault(.malformed("holds a key that is none"), at: state.keyring)
    }
  }

  private static func words(for error: KeyringError, _ state: StateDirectory) -> String {
    switch error {
    case .malformed(let error): "is not a keyring (\(error))"
    case .keyMissing(let purpose): "lacks the key for \(purpose)"
    default: "does not open with \(state.rootKey), so one of the two was changed"
    }
  }

  private static func openLocked(_ path: String) throws -> DurableDirectory {
    let directory: DurableDirectory
    do throws(PlatformError) { directory = try DurableDirectory(path: path) } catch {
      throw StateFile.log.fault(StateFault(error), at: path)
    }
    do throws(PlatformError) { try directory.lock() } catch .system(_, errno: EWOULDBLOCK) {
      throw StartError.inUse
    } catch .system(_, let number) {
      throw StartError.logUnwritable(reason: "LOCK: \(SystemMessage.of(number))", folder: path)
    }
    return directory
  }

  /// Recovers the log on a thread of its own: a large one takes its time, and signals are heard meanwhile.
  private static func openLog(
    _ directory: DurableDirectory, _ state: StateDirectory, _ instance: Instance, _ keyring: Keyring,
    _ witnessed: [Checkpoint]
  ) async throws -> DecisionLog {
    guard let signer = try? NoteSigner(name: instance.logName, key: keyring.logKey) else {
      throw StateFile.instance.fault(.malformed("names no log"), at: state.instance)
    }
    if let known = try? SmallFile.read(state.logVkey, limitBytes: 4096),
      !known.elementsEqual(Array((signer.verifierKey.text + "\n").utf8))
    {
      throw StateFile.logVkey.fault(.malformed("is not the verifier key of this log"), at: state.logVkey)
    }
    do {
      let executor = try SerialThread()
      return try await OwnThread.run {
        try DecisionLog.open(
          directory, signer: signer, absence: .refuse, executor: executor, witnessed: witnessed)
      }
    } catch let error as LogError { throw startError(error, folder: state.log) }
  }

  private static func startError(_ error: LogError, folder: String) -> StartError {
    if case .damaged(let damage) = error { return .logDamaged(damage, folder: folder) }
    return .logUnwritable(reason: error.reason, folder: folder)
  }

  private static func report(_ recovery: LogRecovery, to events: EventLog) {
    guard recovery.droppedBytes > 0 else { return }
    events.write(
      .warning, "log-torn-write-dropped",
      ["bytes": .number(Int64(recovery.droppedBytes)), "recoveredEntries": .number(Int64(clamping: recovery.entries))])
  }

  private static func readIfThere(_ path: String) throws -> [UInt8] {
    SmallFile.exists(path) ? try SmallFile.read(path, limitBytes: 1 << 16) : []
  }

  private static func quorum(_ file: [UInt8]) throws -> ApproverQuorum? {
    file.isEmpty ? nil : try ApproverQuorum(document: try StrictJSON.parse(file))
  }

  /// The first leaf names the approvers' files and how names are written: an edited state does not start.
  private static func checkBeginning(
    of log: DecisionLog, _ state: StateDirectory, _ digests: StateDigests, _ instance: Instance
  ) async throws {
    let first: JSONValue
    do { first = try StrictJSON.parse(try await Registry.provenEntry(log, 0)) } catch {
      throw (error as? LogError).map { startError($0, folder: state.log) } ?? .registryDamaged(folder: state.log)
    }
    guard first["type"] == "config", digests.isNamed(in: first) else {
      throw StartError.approversChanged(file: state.approvers)
    }
    guard first["private_names"]?.boolValue ?? false == instance.privateNames else {
      throw StateFile.instance.fault(
        .malformed("says otherwise than this log's beginning whether names are private"), at: state.instance)
    }
  }

  private static func openRegistry(
    _ state: StateDirectory, _ log: DecisionLog, _ values: ReferenceValues, _ stop: StopSignal
  ) async throws -> Registry {
    let blobs = try BlobStore(DurableDirectory(path: state.path), folder: "registry", stop: stop)
    do {
      return try await Registry.replaying(log, blobs: blobs, values: values)
    } catch {
      if let fault = await blobs.fault { throw StartError(fault, in: state) }
      throw (error as? LogError).map { startError($0, folder: state.log) } ?? .registryDamaged(folder: state.log)
    }
  }

  static func loadAnchors(_ files: [String]) throws -> (Anchors, document: [UInt8]) {
    var anchors = Anchors.builtIn
    var documents: [JSONValue] = []
    for file in files {
      guard let bytes = try? SmallFile.read(file, limitBytes: 1 << 20) else {
        throw StartError.anchorsUnreadable(file: file)
      }
      guard let extra = try? Anchors.parseFile(bytes) else { throw StartError.anchorsMalformed(file: file) }
      anchors = anchors.adding(extra)
      documents.append(try StrictJSON.parse(bytes))
    }
    return (anchors, documents.isEmpty ? [] : CanonicalJSON.encode(.array(documents)))
  }

  /// The folders are read once here, so that one that cannot be read stops the start.
  private static func openEndorsements(
    _ state: StateDirectory, _ configuration: BrokerConfiguration, _ anchors: Anchors, _ events: EventLog,
    isNew: Bool, at now: Timestamp
  ) throws -> EndorsementStore {
    let file = RollbackFile(try DurableDirectory(path: state.path), folder: state.path)
    let memory = try file.read()
    var parts = EndorsementStore.Parts(anchors: anchors)
    parts.folders = CollateralFolders(paths: configuration.collateral)
    if let socket = configuration.collateralFetcher {
      let client = FetcherClient(socket: socket)
      parts.fetch = { await client.fetch($0) }
    }
    parts.memoryFile = file
    parts.memory = memory ?? RollbackMemory()
    parts.memoryOrigin = memory != nil ? .kept : isNew ? .new : .lost
    parts.events = events
    if parts.memoryOrigin == .lost { events.write(.warning, "collateral-memory-lost") }
    let store = EndorsementStore(parts)
    try store.readFolders(at: now)
    return store
  }
}

extension StartError {
  fileprivate init(_ fault: BlobStore.Fault, in state: StateDirectory) {
    let what: StateFault =
      switch fault.kind {
      case .missing: .missing
      case .damaged: .malformed("does not have the digest of its name")
      case .unreadable(let number): .unreadable(errno: number)
      }
    self = .blobDamaged(path: "\(state.path)/\(fault.name)", what)
  }
}
