package import KBSProtocol
package import ModelSigning
import Platform
package import SignedNotes
package import Stores

/// What a pod is told, in one file that its measurement covers.
package struct Configuration: Sendable {
  package struct Broker: Sendable {
    /// `https://host:port`, without a path.
    package var url: String
    /// The only authorities the broker's certificate may come from.
    package var caPEM: [UInt8]
    package var resource: ResourcePath
    /// The log a release must be proven to be in; `nil` only under `acceptingKeyWithoutLogProof`.
    package var logKey: NoteVerifierKey?
  }

  package enum EvidenceChoice: String, Sendable, CaseIterable {
    /// The kernel's reports where there are any, else the guest components.
    case auto
    case configfsTSM = "configfs-tsm"
    case apiServerREST = "api-server-rest"
    /// No evidence of ours: the guest components fetch the key, and no proof comes with it.
    case confidentialDataHub = "cdh"
  }

  package enum GPUChoice: String, Sendable, CaseIterable {
    /// Where NVIDIA's library is there and shows any.
    case auto
    case required
    case none
  }

  package struct Evidence: Sendable {
    package var choice: EvidenceChoice
    package var configfsPath: String
    /// Where a trust domain's event log lies.
    package var eventLog = GuestEventLog()
    /// Base URL of the guest components, on the loopback interface.
    package var guestComponentsURL: String
    /// Whether the GPUs' evidence is asked of NVIDIA's library, beside the kernel's reports. The guest components send it
    /// by themselves.
    package var gpus = GPUChoice.auto
    package var gpuLibrary = NVML.libraryName
    /// Where the kernel lists its bus.
    package var busPath = NVML.busPath
    /// GPUs that programs could use before they were attested.
    package var acceptingReadyGPUs = false
  }

  package struct Model: Sendable {
    /// The sealed model: `manifest.json`, `manifest.note`, `blobs/`; or where else it lies.
    package var directory: String
    package var store: Store?
    package var providerKey: NoteVerifierKey
    /// What the manifest must be of, where the pod is bound to it.
    package var name: String?
    package var version: String?
    package var verifiesDigests: Bool
    /// Who must have published the plain files; anybody, where it is not said.
    package var publisher: Publisher?
    package var threads: Int
  }

  /// The signature of a model's publisher, and who that is.
  package struct Publisher: Sendable {
    /// An OpenSSF model signature.
    package var bundlePath: String
    package var trust: SignerTrust
  }

  /// A sealed model on a server.
  package struct Store: Sendable {
    /// `https://HOST/PATH/`, `s3://BUCKET/PREFIX` or `oci://HOST/REPOSITORY:TAG`.
    package var location: String
    package var access: StoreAccess
  }

  package enum Mount: String, Sendable, CaseIterable {
    /// The directory as it is.
    case given
    /// A memory file system of the agent's own over it, with huge pages and without swap where the kernel has them; the
    /// directory as it is where the agent may not mount.
    case own
  }

  package struct Destination: Sendable {
    /// A directory on tmpfs.
    package var tmpfs: String
    package var mount = Mount.given
    package var name: String
    package var acceptingSwap: Bool
  }

  package struct Engine: Sendable {
    package var command: String
    package var arguments: [String]
    package var environment: [String: String]
    package var passEnvironment: [String]
    package var directory: String?
    package var grace: Duration
    /// Whose command line is built; `nil`: `arguments` are the whole of it.
    package var profile: EngineProfile?
    /// What comes before the profile's arguments, such as the program's file for an interpreter.
    package var launcher: [String] = []
    /// The file of the model that the engine loads, below the model's directory.
    package var modelFile: String?
    /// Where the engine listens; its folder is the engine's alone.
    package var socket: String?
    package var healthPath = "/health"
    package var readyWithin = Duration.seconds(600)
    package var room = EngineRoom()
  }

  package var broker: Broker
  package var evidence: Evidence
  package var model: Model
  package var adapters: [Adapter] = []
  package var destination: Destination
  package var engine: Engine
  package var terminationLog: String?
}
