import Cryptography
import Fetch
import KBSProtocol
import ModelSigning
import Platform
import Stores
package import Terminal
import Weights

extension AgentError {
  /// The exit status while no engine runs. Spec: product contract, exit codes.
  package var exit: ExitCode {
    switch self {
    case .configuration: .usage
    case .noEvidence(.malformed): .malformed
    case .noEvidence(.noTEE): .refused
    case .noEvidence: .unavailable
    case .gpus(.library), .gpus(.missing): .unavailable
    case .gpus: .refused
    case .weights(let error): error.exit
    case .publisher(let error): error.exit
    case .store(.location), .store(.credentials): .usage
    case .store(.notPermitted): .refused
    case .store(.malformedAnswer), .store(.otherRange), .store(.tooLarge): .malformed
    case .store: .unavailable
    case .platform(.notTmpfs), .platform(.alreadyExists(_)), .platform(.swapIsOn): .usage
    case .platform(.system(.startProcess, _)): .usage
    case .platform: .unavailable
    case .noAnswer(_, .tlsUntrusted): .invalid
    case .noAnswer(_, .badURL), .noAnswer(_, .tlsMisconfigured): .usage
    case .noAnswer(_, .tooLarge), .noAnswer(_, .badReply): .malformed
    case .noAnswer: .unavailable
    case .refused(_, let status, let body): Self.exit(status: status, isPolicy: body?.name == .policyDeny)
    case .malformedAnswer: .malformed
    case .logProof: .integrity
    case .keyNotForUs: .invalid
    case .wallsMissing: .usage
    case .engineNotReady: .unavailable
    case .interrupted: .usage
    }
  }

  private static func exit(status: Int, isPolicy: Bool) -> ExitCode {
    switch status {
    case 401: isPolicy ? .refused : .invalid
    case 403, 404: .refused
    case 408, 409, 429, 500...599: .unavailable
    default: .malformed
    }
  }

  /// What to do about it, for the person who reads the pod's last words.
  package var hint: String {
    switch self {
    case .configuration(let sentence): sentence
    case .noEvidence(.noTEE): "this guest has no TEE; run it on confidential hardware"
    case .noEvidence: "check that the guest has configfs-tsm, or that api-server-rest runs with attestation enabled"
    case .gpus(let problem): problem.hint
    case .weights(let error): error.hint
    case .publisher(let error): "model.publisher: \(error)"
    case .store(let error): error.description
    case .platform(let error): error.description
    case .noAnswer(_, .tlsUntrusted): "the broker's certificate is not from the configured authority"
    case .noAnswer: "check the broker's URL and that the pod may reach it"
    case .refused(_, let status, _) where status >= 429: "the broker is busy or not well; the pod may be started again"
    case .refused(_, _, let body):
      body?.plainDecisionID.map { "ask the operator: vouchsafe policy explain \($0)" }
        ?? "ask the operator; the broker named no decision"
    case .malformedAnswer: "the broker's answer is not of the KBS protocol; check the URL"
    case .logProof:
      "the release is not proven to be in the decision log; do not trust this broker before this is explained"
    case .keyNotForUs: "the broker's answer was not made for this pod's key"
    case .wallsMissing(let walls):
      "this pod cannot build \(walls.map(\.rawValue).joined(separator: ", ")); give the agent the rights to, or name them in engine.room.waive"
    case .engineNotReady: "the engine did not answer on its socket; give it longer with engine.readySeconds"
    case .interrupted: "a signal ended the start"
    }
  }
}

extension WeightsError {
  var hint: String {
    switch self {
    case .wrongKey: "the broker holds another key for this resource than the model was sealed with"
    case .signature: "the manifest is not signed by the configured provider"
    default: description
    }
  }
}
