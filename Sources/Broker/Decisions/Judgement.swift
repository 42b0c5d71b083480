import Appraisal
import Bytes
import KBSProtocol

/// The outcome of an appraisal or of a release rule, in the form that leaf, answer and explanation share.
struct Judgement: Sendable {
  let allows: Bool
  /// Codes of what was refused, worst first; empty when it allows.
  let codes: [String]
  /// The reference bundles that the pod matched.
  let bundles: [String]
  /// Field, got, wanted and nearest bundle; `nil` when it allows.
  let explanation: JSONValue?

  /// Nothing but a break-glass accepts the pod.
  var isBreakGlass: Bool { allows && bundles.allSatisfy { $0.hasPrefix("break-glass/") } }

  var primaryCode: String { codes.first ?? "refused" }
}

extension Judgement {
  init(_ result: AttestationResult) {
    switch result.verdict {
    case .accepted(let bundles): self.init(allows: true, codes: [], bundles: bundles, explanation: nil)
    case .refused(let denial): self.init(denial, Explanation(of: result))
    }
  }

  init(
    _ decision: ReleaseDecision, on resource: ResourcePath, for result: AttestationResult, at now: Timestamp
  ) {
    switch decision {
    case .allow(let bundle): self.init(allows: true, codes: [], bundles: [bundle], explanation: nil)
    case .deny(let denial):
      self.init(denial, Explanation(of: decision, on: resource, for: result, at: now))
    }
  }

  private init(_ denial: Denial, _ explanation: Explanation) {
    self.init(
      allows: false, codes: denial.codes, bundles: [], explanation: explanation.json)
  }
}
