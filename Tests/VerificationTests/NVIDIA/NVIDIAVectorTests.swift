import Bytes
import Cryptography
import Evidence
import TestSupport
import Testing

@testable import Verification

/// Reports, manifests and responders' answers of real devices, under NVIDIA's real roots.
@Suite(.enabled(if: VectorStore.isPresent)) struct NVIDIAVectorTests {
  static let inside = Timestamp(seconds: 1_761_307_200)  // 2025-10-24T12:00:00Z
  private static let withoutManifests: Set<CheckName> = [.rim, .measurements, .revocation]

  static func report(_ name: String) throws -> DeviceReport {
    let bytes = try VectorStore.read("gpu/gpu/\(name)")
    guard bytes.allSatisfy({ $0 < 0x80 }) else { return try DeviceReport(bytes) }
    let text = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    return try DeviceReport((try? Hex.decode(text, "report")) ?? Base64.decode(text, padding: .optional, "report"))
  }

  static func device(_ report: String, _ chain: String) throws -> NVIDIAEvidence {
    NVIDIAEvidence(devices: [
      DeviceEvidence(report: try Self.report(report), certificateChain: try VectorStore.read("gpu/gpu/\(chain)"))
    ])
  }

  static func list(_ name: String) throws -> NVIDIAEvidence {
    try NVIDIAEvidence(kbsJSON: try VectorStore.json("gpu/gpu/\(name)"))
  }

  private func inspected(
    _ evidence: NVIDIAEvidence, with endorsements: Endorsements = .none, nonce: [UInt8]? = nil,
    skipping: Set<CheckName> = Self.withoutManifests, at time: Timestamp = Self.inside
  ) -> Inspection {
    inspect(
      .nvidia(evidence), with: endorsements, reportData: nonce, anchors: .builtIn, at: time, skipping: skipping)
  }

  @Test(arguments: [
    ("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem"),
    ("h100-550.90.07/report-hextext.txt", "h100-550.90.07/chain.pem"),
    ("h100-coco1/report.txt", "h100-coco1/chain.pem"), ("b200-575.32/report.txt", "b200-575.32/chain.pem"),
    ("ls10/report.txt", "ls10/chain.pem"),
  ])
  func realReportsAreProved(_ report: String, _ chain: String) throws {
    let result = inspected(try Self.device(report, chain))
    #expect(result.isVerified, "\(report): \(result.refusal.map(\.description) ?? "")")
    #expect(!result.simulated)
  }

  @Test func realSetsAreProved() throws {
    for name in ["sdk/hopper_evidence.json", "sdk/multi_gpu_hopper.json", "sdk/switch_evidence_ls10.json"] {
      #expect(inspected(try Self.list(name)).isVerified, "\(name)")
    }
    let machine = try Self.protectedMachine()
    #expect(machine.devices.count == 12)
    let result = inspected(machine, nonce: machine.devices[0].report.nonce)
    #expect(result.isVerified, "\(result.refusal.map(\.description) ?? "")")
    #expect(result.claims?["topologyProved"] == true)
  }

  /// The set of eight GPUs and four switches, in the form that another tool keeps it in.
  static func protectedMachine() throws -> NVIDIAEvidence {
    let file = try VectorStore.json("gpu/gpu/google/ppcie.json")
    func devices(_ list: String, _ chain: (JSONValue) -> JSONValue?, _ report: String) throws -> [DeviceEvidence] {
      let items: [JSONValue] = try #require(file[list]?.arrayValue)
      return try items.map { item in
        let certificates: [JSONValue] = try #require(chain(item)?.arrayValue)
        let pem: [UInt8] = try certificates.flatMap {
          try Base64.decode(try #require($0["pem"]?.stringValue), padding: .required, "pem")
        }
        let bytes = try Base64.decode(try #require(item[report]?["py/b64"]?.stringValue), padding: .required, "report")
        return DeviceEvidence(report: try DeviceReport(bytes), certificateChain: pem)
      }
    }
    return NVIDIAEvidence(
      devices: try devices(
        "gpus", { $0["CertificateChains"]?["GpuAttestationCertificateChain"] }, "AttestationReport")
        + devices("nvswitches", { $0["attestation_cert_chain"] }, "attestation_report"))
  }

  @Test func refusedRealReportsSayWhy() throws {
    let cases: [(String, String, Refusal.Code)] = [
      ("h100-invalid-signature/report.txt", "h100-535.86.09-nofwid/chain.pem", .signatureInvalid),
      ("h100-535.86.09-nofwid/report.txt", "h100-535.86.09-nofwid/chain.pem", .firmwareIDMissing),
      ("h100-550.90.07/report.dat", "chains/only-root.pem", .chainInvalid),
      ("h100-550.90.07/report.dat", "chains/missing-intermediate.pem", .chainInvalid),
      ("h100-550.90.07/report.dat", "h100-coco1/chain.pem", .signatureInvalid),
    ]
    for (report, chain, code) in cases {
      #expect(inspected(try Self.device(report, chain)).refusal?.code == code, "\(report) under \(chain)")
    }
  }

  @Test func aMissingFirmwareIDIsGenuineAndNotAcceptable() throws {
    let result = inspected(
      try Self.device("h100-535.86.09-nofwid/report.txt", "h100-535.86.09-nofwid/chain.pem"))
    #expect(result.refusal?.genuine == true)
    #expect(result.refusal?.code.kind == .unacceptable)
  }

  @Test func measurementsFitTheManifestsOfTheirTime() throws {
    let names = ["NV_GPU_DRIVER_GH100_550.90.07.xml", "NV_GPU_VBIOS_1010_0200_882_96009F0001.xml"]
    let endorsements = Endorsements(recognising: try names.map { try VectorStore.read("gpu/rim/google/\($0)") })
    let evidence = try Self.device("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem")
    let result = inspected(evidence, with: endorsements, skipping: [.revocation])
    #expect(result.isVerified, "\(result.refusal.map(\.description) ?? "")")
    let switchBIOS = Endorsements(
      recognising: [try VectorStore.read("gpu/rim/sdk/NV_SWITCH_BIOS_5612_0002_890_9610550001.xml")])
    let device = try Self.device("ls10/report.txt", "ls10/chain.pem")
    let time = Timestamp(seconds: 1_781_500_000)
    #expect(inspected(device, with: switchBIOS, skipping: [.revocation], at: time).isVerified)
    #expect(
      inspected(device, with: endorsements, skipping: [.revocation], at: time).refusal?.code == .collateralMissing)
  }

  @Test func missingManifestsAndAnswersAreNoPass() throws {
    let evidence = try Self.device("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem")
    let bare = inspected(evidence, skipping: [.revocation])
    #expect(bare.refusal?.code == .collateralMissing)
    #expect(bare.checks.contains { $0.name == .rim && $0.outcome == .fail })
    #expect(inspected(evidence, skipping: [.rim, .measurements]).refusal?.code == .collateralMissing)
  }

  @Test func devicesAloneAuthoriseNothing() throws {
    let evidence = try Self.device("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem")
    let result = verify(
      .nvidia(evidence), with: .none, binding: Binding(reportData: [UInt8](repeating: 0, count: 64)),
      anchors: .builtIn, at: Self.inside)
    #expect(result.refusal?.code == .deviceEvidenceAlone)
  }

  @Test func noByteOfARealReportCanBeChanged() throws {
    let evidence = try Self.device("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem")
    let device = evidence.devices[0]
    for offset in stride(from: 0, to: device.report.bytes.count, by: 13) {
      var bytes = device.report.bytes
      bytes[offset] ^= 0x01
      guard let report = try? DeviceReport(bytes) else { continue }
      let changed = DeviceEvidence(report: report, certificateChain: device.certificateChain)
      #expect(inspected(NVIDIAEvidence(devices: [changed])).refusal != nil, "byte \(offset)")
    }
  }

  @Test func theSameDeviceTwiceIsRefused() throws {
    let device = try Self.device("ls10/report.txt", "ls10/chain.pem").devices[0]
    #expect(inspected(NVIDIAEvidence(devices: [device, device])).refusal?.code == .deviceRepeated)
  }

  @Test func aNonceThatWasNotAskedIsRefused() throws {
    let evidence = try Self.device("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem")
    #expect(inspected(evidence, nonce: [UInt8](repeating: 7, count: 64)).refusal?.code == .reportDataMismatch)
  }
}
