extension ControlReport {
  /// One line for each control, in the order of the map.
  package var controls: [Control] { referenceArchitecture + broker }

  /// NVIDIA's reference architecture for confidential inference: requirements 1 to 8, change control 9 to 13.
  private var referenceArchitecture: [Control] {
    [
      absent("N-1", "confidential runtime class on approved nodes", "the cluster's scheduler decides it"),
      shown(
        "N-2", "only measured confidential machines", by: .measured, breaking: [.valuesUnlogged, .valuesSuperseded],
        "each cited pod matched a bundle whose values were logged before"),
      part(
        "N-3", "fresh evidence of processor, GPU, guest, image and policy", by: .attestation,
        breaking: [.challengeReused], "the log names processor evidence, and a GPU's only where tee says nvgpu"),
      shown(
        "N-4", "release only after policy match and a fresh challenge", by: .release,
        breaking: [.evidenceUnjudged, .challengeReused, .valuesUnlogged, .valuesSuperseded]),
      absent(
        "N-5", "keys never in the orchestrator, on nodes or host volumes", "what a guest does with a key is not logged"),
      absent("N-6", "artefacts encrypted outside the guest", "the log names keys, not files"),
      shown(
        "N-7", "fail closed on mismatch of evidence, references, policy or collateral", by: .denial, or: .summary,
        breaking: [.revoked, .valuesUnlogged]),
      schema,
      part(
        "N-9", "references revalidated when firmware or drivers change", by: .rollForward, breaking: [],
        "the log shows each new version and by whose statement, not what was tried before it was signed"),
      shown(
        "N-10", "a new guest image is a new, approved version; earlier values are kept", by: .rollForward,
        breaking: [.registryChain]),
      shown(
        "N-11", "keys are registered, rotated and retired on record", by: .bound, breaking: [.resourceUnregistered],
        "rotations and retirements: \(count(.rotation) + count(.retirement))"),
      part(
        "N-12", "a changed verifier leaves an audit event", by: .newBuild, breaking: [],
        "the digest of the program stands in every entry; its tests are not logged"),
      part(
        "N-13", "emergency disablement says who, why, what and who recovers", by: .revocation, breaking: [.revoked],
        "scope and statement are named; the reason and the signers are in the statement that the digest names"),
    ]
  }

  private var broker: [Control] {
    [
      shown(
        "B-46", "no attestation, no key release", by: .release, breaking: [.evidenceUnjudged, .resourceUnregistered]),
      part(
        "B-47", "audit of identity, time, version and credential access, without content", by: .decision,
        breaking: [.malformed], "key releases only; requests to the model are not in this log"),
      shown("B-17", "Intel TDX evidence decided", by: .tdx, breaking: []),
      shown("B-18", "AMD SEV-SNP evidence decided", by: .snp, breaking: []),
      shown("B-19", "NVIDIA confidential computing evidence decided", by: .gpu, breaking: []),
      shown(
        "B-82", "each credential is released for its own workload only", by: .bound, breaking: [.resourceUnregistered]),
      shown("A-93", "revocation stops new releases", by: .revocation, breaking: [.revoked]),
      part(
        "A-72", "no prompt anywhere in the log", by: .decision, breaking: [.malformed],
        "by the members of every entry; a text inside a known member is not judged"),
      simulated,
    ]
  }

  private var schema: Control {
    let id = "N-8"
    let demand = "attestation and release audited without prompts, weights, keys or customer data"
    guard foreign.count == 0 else {
      return Control(id: id, demand: demand, standing: .broken, note: "members outside the schema", evidence: foreign)
    }
    return shown(id, demand, by: .decision, breaking: [.malformed], "all \(size) entries have known members only")
  }

  private var simulated: Control {
    let sample = marks[.simulated] ?? IndexSample()
    return Control(
      id: "SIM", demand: "nothing rests on simulated evidence", standing: sample.count == 0 ? .covered : .broken,
      note: sample.count == 0 ? "all \(size) entries say so" : "", evidence: sample)
  }

  private func count(_ mark: Mark) -> Int { marks[mark]?.count ?? 0 }

  private func absent(_ id: String, _ demand: String, _ why: String) -> Control {
    Control(id: id, demand: demand, standing: .notCovered, note: why, evidence: IndexSample())
  }

  private func shown(
    _ id: String, _ demand: String, by mark: Mark, or other: Mark? = nil, breaking rules: [Finding.Rule],
    _ note: String = ""
  ) -> Control {
    row(id, demand, by: count(mark) > 0 ? mark : other ?? mark, breaking: rules, .covered, note)
  }

  private func part(
    _ id: String, _ demand: String, by mark: Mark, breaking rules: [Finding.Rule], _ note: String
  ) -> Control {
    row(id, demand, by: mark, breaking: rules, .partly, note)
  }

  private func row(
    _ id: String, _ demand: String, by mark: Mark, breaking rules: [Finding.Rule], _ standing: Control.Standing,
    _ note: String
  ) -> Control {
    for rule in rules {
      guard let breach = breaches[rule] else { continue }
      return Control(id: id, demand: demand, standing: .broken, note: rule.rawValue, evidence: breach)
    }
    guard let sample = marks[mark] else {
      return Control(
        id: id, demand: demand, standing: .notCovered, note: "no entry of this log shows it", evidence: IndexSample())
    }
    return Control(id: id, demand: demand, standing: standing, note: note, evidence: sample)
  }
}
