package import Evidence
package import Fetch
package import KBSProtocol
package import ModelSigning
package import Platform
package import Stores
package import TransparencyLog
package import Weights

/// Why the pod did not start, one case for each failed check.
package enum AgentError: Error, Equatable, Sendable {
  /// The configuration cannot be used: a sentence of our own, with the member's name.
  case configuration(String)
  /// The guest gave no evidence.
  case noEvidence(EvidenceProblem)
  /// The GPUs are not as they must be.
  case gpus(GPUProblem)
  /// The sealed model or its signature was refused, or it did not open.
  case weights(WeightsError)
  /// The plain files are not those that their publisher signed, or nobody who counts signed them.
  case publisher(ModelSigningError)
  /// The server that keeps the sealed model.
  case store(StoreError)
  /// The memory, the files or the engine's process.
  case platform(PlatformError)
  /// The broker gave no answer.
  case noAnswer(RCARStep, FetchError)
  /// The broker said no, or not now.
  case refused(RCARStep, status: Int, ErrorBody?)
  /// The broker's answer is not one of the protocol.
  case malformedAnswer(RCARStep)
  /// The key came without a proof that its release is in the log, or with one that does not hold.
  case logProof(LogProofProblem)
  /// The answer is not encrypted to our key, or not a key.
  case keyNotForUs
  /// Walls of the engine's room that this pod cannot build and that are not waived.
  case wallsMissing([SealedRoom.Wall])
  /// The engine did not answer in time that it is ready.
  case engineNotReady
  /// A signal asked us to end before the engine ran.
  case interrupted(signal: Int32)

  package enum RCARStep: String, Sendable { case auth, attest, resource }

  package enum EvidenceProblem: Equatable, Sendable {
    case device(PlatformError)
    case malformed(EvidenceError)
    case guestComponents(FetchError)
    case guestComponentsRefused(status: Int)
    case guestComponentsMalformed
    /// The guest components run without a TEE and would make evidence up.
    case noTEE
  }

  package enum GPUProblem: Equatable, Sendable {
    case library(PlatformError)
    /// More on the bus than the driver has, or fewer.
    case hidden(onBus: Int, found: Int)
    /// Confidential computing is off, or is a simulation.
    case notConfidential
    /// A debugger may look into them; no report of theirs shows it.
    case developerTools
    /// Programs could use them before anybody attested them.
    case alreadyReady
    /// The same certificates twice.
    case repeated
    /// Not those that were attested.
    case changed
    /// The library said that it let programs in, and did not.
    case notOpened
    /// The configuration asks for GPUs, and there is none, or no library for them.
    case missing
  }

  package enum LogProofProblem: Equatable, Sendable {
    case missing
    case malformed
    case notInLog(LogError)
    /// The entry is not a decision.
    case notADecision
    /// The entry records a refusal.
    case notAllowed
    case otherResource
    case otherKey
  }

  /// Stable, free of peer input: the `reason` of the boot timeline.
  package var code: String {
    switch self {
    case .configuration: "configuration"
    case .noEvidence(let problem): problem.code
    case .gpus(let problem): problem.code
    case .weights(let error): error.code
    case .publisher(let error): error.code
    case .store(let error): error.code
    case .platform(let error): error.code
    case .noAnswer(let step, let error): "\(step.rawValue).\(error.code)"
    case .refused(let step, let status, let body): "\(step.rawValue).\(body?.knownCode ?? "status\(status)")"
    case .malformedAnswer(let step): "\(step.rawValue).malformedAnswer"
    case .logProof(let problem): problem.code
    case .keyNotForUs: "keyNotForUs"
    case .wallsMissing: "wallsMissing"
    case .engineNotReady: "engineNotReady"
    case .interrupted: "interrupted"
    }
  }
}

extension AgentError.EvidenceProblem {
  var code: String {
    switch self {
    case .device(let error): error.code
    case .malformed(let error): error.code
    case .guestComponents(let error): "guestComponents.\(error.code)"
    case .guestComponentsRefused: "guestComponents.refused"
    case .guestComponentsMalformed: "guestComponents.malformed"
    case .noTEE: "noTEE"
    }
  }
}

extension AgentError.GPUProblem {
  var code: String {
    switch self {
    case .library(let error): error.code
    case .hidden: "gpuHidden"
    case .notConfidential: "gpuNotConfidential"
    case .developerTools: "gpuDeveloperTools"
    case .alreadyReady: "gpuAlreadyReady"
    case .repeated: "gpuRepeated"
    case .changed: "gpuChanged"
    case .notOpened: "gpuNotOpened"
    case .missing: "gpuMissing"
    }
  }

  var hint: String {
    switch self {
    case .library(let error): error.description
    case .hidden(let onBus, let found): "the bus shows \(onBus) GPUs and the driver \(found): give the pod all or none"
    case .notConfidential: "the node's GPUs are not in confidential mode; the node's CC manager sets it"
    case .developerTools: "the node's GPUs are in CC DevTools mode, in which a debugger may look into them"
    case .alreadyReady:
      "the guest set the GPUs ready before attestation: take nvrc.smi.srs=1 out, or set evidence.acceptingReadyGPUs"
    case .repeated: "two GPUs show the same certificates"
    case .changed: "the GPUs are not those that the broker judged"
    case .notOpened: "the driver did not set the GPUs ready"
    case .missing: "evidence.gpus is \"required\", and this pod has no GPU that attests"
    }
  }
}

extension AgentError.LogProofProblem {
  var code: String {
    switch self {
    case .missing: "logProofMissing"
    case .malformed: "logProofMalformed"
    case .notInLog: "logProofInvalid"
    case .notADecision: "logProofNotADecision"
    case .notAllowed: "logProofNotAllowed"
    case .otherResource: "logProofOtherResource"
    case .otherKey: "logProofOtherKey"
    }
  }
}

extension ErrorBody {
  /// The broker's code when it looks like one (letters and digits), else the protocol's name.
  fileprivate var knownCode: String? {
    if let code, !code.isEmpty, code.utf8.count <= 64, code.utf8.allSatisfy(Self.isCodeCharacter) { return code }
    return name?.rawValue
  }

  /// The decision's number when it looks like one: it becomes part of a command that a person may copy.
  var plainDecisionID: String? {
    guard let id = decisionID, !id.isEmpty, id.utf8.count <= 64, id.utf8.first != UInt8(ascii: "-"),
      id.utf8.allSatisfy(Self.isCodeCharacter)
    else { return nil }
    return id
  }

  private static func isCodeCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2D: true
    default: false
    }
  }
}
