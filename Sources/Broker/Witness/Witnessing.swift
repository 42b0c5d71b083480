import Bytes
import Cryptography
import Platform
import SignedNotes
import TransparencyLog

/// The witnesses of one start: what they hold now, before anything is served, and later what they sign.
struct Witnessing {
  private let key: NoteVerifierKey
  private let files: [String]
  private let asked: Asked?

  private struct Asked {
    let policy: QuorumPolicy
    let folder: DurableDirectory
    let settings: WitnessSettings
  }

  init(_ configuration: BrokerConfiguration, _ instance: Instance, _ keyring: Keyring) throws {
    key = try NoteSigner(name: instance.logName, key: keyring.logKey).verifierKey
    files = configuration.witnessCheckpoints
    guard let settings = configuration.witnesses else {
      asked = nil
      return
    }
    let folder: DurableDirectory
    do { folder = try DurableDirectory(path: settings.exchange) } catch {
      throw StartError.witnessExchange(folder: settings.exchange)
    }
    asked = Asked(policy: try settings.policy(of: key), folder: folder, settings: settings)
  }

  /// Every checkpoint that the state must reach: of the files that were named, and of the witnesses.
  func checkpoints() async throws -> [Checkpoint] {
    var known: [Checkpoint] = []
    for file in files {
      guard let bytes = try? SmallFile.read(file, limitBytes: SignedNote.limitBytes),
        let signed = try? VerifiedCheckpoint(verifying: bytes, by: key)
      else { throw StartError.witnessCheckpoint(file: file) }
      known.append(signed.checkpoint)
    }
    guard let asked else { return known }
    let question = WitnessQuestion(
      policy: asked.policy, key: key, folder: asked.folder, nonce: Hex.encode(SystemRandom.bytes(16)))
    do { return known + (try await question.checkpoints(waiting: asked.settings.startWait)) } catch is PlatformError {
      throw StartError.witnessExchange(folder: asked.settings.exchange)
    }
  }

  func board() throws -> WitnessBoard? {
    guard let asked else { return nil }
    return try WitnessBoard(policy: asked.policy, key: key, folder: asked.folder)
  }
}
