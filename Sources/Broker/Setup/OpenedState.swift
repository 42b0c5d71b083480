import Appraisal
import Bytes
import Cryptography
import Platform
import SignedNotes
import Telemetry
import TransparencyLog
import Verification

/// Why a state cannot be served.
package enum StartError: Error, Equatable, Sendable {
  case notInitialised, inUse, approversChanged
  case logDamaged(code: String, explanation: String)
  case registryDamaged
  case anchorsMalformed(file: String)
  case anchorsUnreadable(file: String)
  case collateralUnreadable(folder: String)
  case witnessPolicy(file: String, why: String)
  case witnessExchange(folder: String)
  case witnessCheckpoint(file: String)
  /// By their names in the policy: not enough of the others answered to know what was signed.
  case witnessesSilent([String])

  /// Trying again may help.
  package var isUnavailable: Bool {
    if case .witnessesSilent = self { true } else { false }
  }

  /// The state's bytes are not what they should be.
  package var isIntegrity: Bool {
    switch self {
    case .approversChanged, .logDamaged, .registryDamaged: true
    default: false
    }
  }

  package var sentence: String {
    switch self {
    case .notInitialised: "the folder holds no broker's state; make one with vouchsafe-broker init --state DIR"
    case .inUse: "another broker is running on this state"
    case .approversChanged: "the approvers' file is not the one this log began with"
    case .logDamaged(let code, let explanation): "the decision log cannot be opened (\(code)): \(explanation)"
    case .registryDamaged: "the registry's files are not what the log says they are"
    case .anchorsUnreadable(let file): "cannot read the anchors file \(file)"
    case .anchorsMalformed(let file): "not an anchors file: \(file)"
    case .collateralUnreadable(let folder): "cannot read the folder \(folder)"
    case .witnessPolicy(let file, let why): "the witnesses' policy \(file) cannot be used: \(why)"
    case .witnessExchange(let folder): "cannot use the folder \(folder) that the witnesses' relay shares"
    case .witnessCheckpoint(let file): "\(file) is not a checkpoint that this log signed"
    case .witnessesSilent(let names):
      "no answer of the witnesses \(names.joined(separator: ", ")): whether they have seen more of this log is unknown; "
        + "run vouchsafe audit relay beside the broker"
    }
  }
}

/// A state whose keys, log and registry are open in this process alone.
struct OpenedState: Sendable {
  let parts: KeyBroker.Parts
  let lock: DurableDirectory
  let approversDigest: [UInt8]

  static func open(
    _ state: StateDirectory, configuration: BrokerConfiguration, clock: @escaping @Sendable () -> Timestamp
  ) async throws -> OpenedState {
    guard SmallFile.exists(state.instance) else { throw StartError.notInitialised }
    let instance = try Instance(parsing: try SmallFile.read(state.instance, limitBytes: 4096))
    let keyring = try openKeyring(state)
    let events = EventLog(service: "broker", now: clock)
    let directory = try openLocked(state.log)
    let witnessing = try Witnessing(configuration, instance, keyring)
    let witnessed = try await witnessing.checkpoints()
    let log = try await openLog(directory, instance, keyring, witnessed)
    let approvers = SmallFile.exists(state.approvers) ? try SmallFile.read(state.approvers, limitBytes: 1 << 16) : []
    let approversDigest = Hash.sha256.digest(approvers)
    try await checkBeginning(of: log, approvers: approversDigest)
    let registry = try await openRegistry(state, log, approvers)
    let evidence = try BlobStore(DurableDirectory(path: state.path), folder: "evidence")
    let (anchors, anchorFiles) = try loadAnchors(configuration.anchors)
    let anchorsDigest = try await anchorFiles.isEmpty ? nil : evidence.store(anchorFiles)
    let parts = KeyBroker.Parts(
      configuration: configuration, instance: instance, keyring: keyring, anchors: anchors,
      extraAnchorsDigest: anchorsDigest,
      endorsements: EndorsementStore(supplied: try loadCollateral(configuration.collateral)), log: log,
      evidence: evidence, registry: registry, events: events,
      origin: Leaf.Origin(
        node: configuration.node, build: Hex.encode(OwnProgram.digest()), logEpoch: instance.logEpoch),
      workers: max(2, Processors.available), clock: clock, random: SystemRandom.bytes, witnesses: try witnessing.board()
    )
    return OpenedState(parts: parts, lock: directory, approversDigest: approversDigest)
  }

  private static func openKeyring(_ state: StateDirectory) throws -> Keyring {
    var root = try SmallFile.read(state.rootKey, limitBytes: 4096)
    let provider = try FileRoot(key: SecretBytes(erasing: &root))
    return try Keyring.open(try SmallFile.read(state.keyring, limitBytes: 1 << 20), under: provider)
  }

  private static func openLocked(_ path: String) throws -> DurableDirectory {
    do {
      let directory = try DurableDirectory(path: path)
      try directory.lock()
      return directory
    } catch { throw StartError.inUse }
  }

  private static func openLog(
    _ directory: DurableDirectory, _ instance: Instance, _ keyring: Keyring, _ witnessed: [Checkpoint]
  ) async throws -> DecisionLog {
    do {
      let signer = try NoteSigner(name: instance.logName, key: keyring.logKey)
      return try DecisionLog.open(
        directory, signer: signer, absence: .refuse, executor: try SerialThread(), witnessed: witnessed)
    } catch let error as LogError {
      throw StartError.logDamaged(code: error.code, explanation: "\(error)")
    }
  }

  /// The first leaf names the approvers' file: an edited file does not start.
  private static func checkBeginning(of log: DecisionLog, approvers: [UInt8]) async throws {
    let first = try StrictJSON.parse(try await Registry.provenEntry(log, 0))
    guard first["type"] == "config", first["approvers"]?.stringValue == Hex.encode(approvers) else {
      throw StartError.approversChanged
    }
  }

  private static func openRegistry(
    _ state: StateDirectory, _ log: DecisionLog, _ approvers: [UInt8]
  ) async throws -> Registry {
    let quorum = approvers.isEmpty ? nil : try ApproverQuorum(document: try StrictJSON.parse(approvers))
    let blobs = try BlobStore(DurableDirectory(path: state.path), folder: "registry")
    do {
      return try await Registry.replaying(log, blobs: blobs, values: ReferenceValues(quorum: quorum))
    } catch { throw StartError.registryDamaged }
  }

  private static func loadAnchors(_ files: [String]) throws -> (Anchors, document: [UInt8]) {
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

  private static func loadCollateral(_ folders: [String]) throws -> Endorsements {
    var artefacts: [[UInt8]] = []
    for folder in folders {
      do {
        let tree = try FileTree.open(folder)
        for entry in try tree.entries() where entry.kind == .file {
          artefacts.append(try tree.readFile(entry.name, limitBytes: 8 << 20))
        }
      } catch { throw StartError.collateralUnreadable(folder: folder) }
    }
    return Endorsements(recognising: artefacts)
  }
}
