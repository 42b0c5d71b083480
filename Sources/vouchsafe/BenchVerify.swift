import Bytes
import Evidence
import Terminal
import Verification

/// `vouchsafe bench verify`: how often a second evidence is verified, with less and less of it proved before.
enum BenchVerify {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let seconds = try arguments.integer("--seconds", in: 1...600) ?? 5
    let subject = try VerifySubject(arguments)
    try subject.requireVerdict()
    let rates = Stopwatch.rates(
      seconds: seconds,
      [
        { subject.verifiesEverything() }, { subject.verifies(with: subject.cold) },
        { subject.verifies(with: subject.hot) },
      ])
    guard let rates else { throw Failure(.usage, "bench verify: the evidence verified once, and then no more") }
    switch format {
    case .json: Console.json(["cold": .int(rates[1]), "hot": .int(rates[2]), "everythingEachTime": .int(rates[0])])
    case .text: Console.out(text(subject, rates))
    }
    return .ok
  }

  private static func text(_ subject: VerifySubject, _ rates: [Int]) -> String {
    let rows = [
      ("everything each time", "collateral and evidence read from their bytes, every signature checked"),
      ("cold", "collateral proved before; the platform's certificates are new"),
      ("hot", "the platform proved before as well; what the evidence signs is checked"),
    ]
    let lines = zip(rows, rates).map { row, rate in
      let (name, number) = (row.0, "\(rate)")
      return "  \(name)\(String(repeating: " ", count: 30 - name.count - number.count))\(number)/s  \(row.1)"
    }
    return "\(subject.tee.rawValue), one thread, verdicts for each second of processor time, medians:\n"
      + lines.joined(separator: "\n") + "\n"
  }
}

/// Evidence and collateral as bytes, and what can be proved of them in advance.
struct VerifySubject {
  let tee: TEE
  let cold: Endorsements
  let hot: Endorsements
  private let named: TEE?
  private let bytes: [UInt8]
  private let files: [[UInt8]]
  private let anchors: Anchors
  private let time: Timestamp
  private let refusal: Refusal?

  init(_ arguments: Arguments) throws(Failure) {
    bytes = try EvidenceOptions.evidenceBytes(arguments)
    let (tee, parsed) = try EvidenceOptions.parseEvidence(bytes, arguments)
    let evidence: UnverifiedEvidence
    switch parsed {
    case .success(let read): evidence = read
    case .failure(let error):
      throw Failure(Refusal(error).code.kind.exit, "bench verify: the evidence cannot be read: \(Refusal(error))")
    }
    named = tee
    self.tee = evidence.tee
    time = try EvidenceOptions.time(arguments)
    anchors = try EvidenceOptions.anchors(arguments)
    files = try CollateralBag.contents(of: arguments.values("--collateral"))
    let carriers = Endorsements(recognising: files)
    refusal = inspect(evidence, with: carriers, reportData: nil, anchors: anchors, at: time).refusal
    cold = carriers.proving(anchors: anchors, at: time)
    hot = cold.proving(evidence, anchors: anchors, at: time)
  }

  /// - Throws: the refusal, with its own exit status: how fast evidence is refused is not what was asked.
  func requireVerdict() throws(Failure) {
    guard let refusal else { return }
    throw Failure(refusal.code.kind.exit, "bench verify: the evidence is refused: \(refusal)")
  }

  func verifiesEverything() -> Bool { verifies(with: Endorsements(recognising: files)) }

  /// Reads and verifies the evidence as it came; bound to the report data it states.
  func verifies(with endorsements: Endorsements) -> Bool {
    guard let evidence = try? UnverifiedEvidence.parse(bytes: bytes, tee: named) else { return false }
    if case .nvidia(let devices) = evidence { return verifies(devices, with: endorsements, nonce: evidence.reportData) }
    let binding = Binding(reportData: evidence.reportData)
    let verdict = verify(evidence, with: endorsements, binding: binding, anchors: anchors, at: time)
    guard case .success(let claims) = verdict else { return false }
    return strictRefusals(claims).isEmpty
  }

  /// Devices by themselves, as far as that goes: they authorise nothing.
  private func verifies(_ devices: NVIDIAEvidence, with endorsements: Endorsements, nonce: [UInt8]) -> Bool {
    let verdict = verifyDevices(devices, with: endorsements, nonce: nonce, anchors: anchors, at: time)
    guard case .success(let claims) = verdict else { return false }
    return claims.findings.isEmpty
  }
}

extension Endorsements {
  /// With the platform, or the devices, of this evidence proved as well.
  fileprivate func proving(_ evidence: UnverifiedEvidence, anchors: Anchors, at time: Timestamp) -> Endorsements {
    guard case .nvidia(let nvidia) = evidence else {
      return provePlatform(of: evidence, with: self, anchors: anchors, at: time).map(adding) ?? self
    }
    return nvidia.devices.reduce(self) { known, device in
      proveDevice(device, with: known, anchors: anchors, at: time).map(known.adding) ?? known
    }
  }
}

extension UnverifiedEvidence {
  /// As the evidence states it: 64 bytes, or a nonce of 32.
  fileprivate var reportData: [UInt8] {
    switch self {
    case .snp(let snp): snp.report.reportData
    case .tdx(let tdx): tdx.quote.body.reportData
    case .nvidia(let nvidia): nvidia.devices.first?.report.nonce ?? []
    }
  }
}
