// swift-tools-version: 6.2
import PackageDescription

// The manifest reads as the module map of Sources/README.md: one line a target, lowest layer first.
// A target may import only what stands above it here; scripts/check-imports holds that, because the
// compiler does not. VOUCHSAFE_STRICT=1 (set by scripts/check and CI) makes every warning an error.

let isStrict = Context.environment["VOUCHSAFE_STRICT"] == "1"
let isCrashing = Context.environment["VOUCHSAFE_CRASH"] == "1"
let isFuzzing = Context.environment["VOUCHSAFE_FUZZ"] == "1"

let swiftSettings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
  ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

let cSettings: [CSetting] =
  [
    .define("_GNU_SOURCE"),
    .enableWarning("all"), .enableWarning("extra"), .enableWarning("conversion"),
  ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

/// A C door to foreign code: imported by exactly one Swift module.
func door(_ name: String, path: String? = nil, links libraries: [String] = []) -> Target {
  .target(
    name: name, path: path ?? "Attestation/\(name)", cSettings: cSettings,
    linkerSettings: libraries.map { .linkedLibrary($0) })
}

func module(_ name: String, _ imports: [String], path: String? = nil) -> Target {
  .target(
    name: name, dependencies: imports.map { .byName(name: $0) }, path: path ?? "Sources/\(name)",
    swiftSettings: swiftSettings)
}

func program(_ name: String, _ imports: [String], path: String? = nil) -> Target {
  .executableTarget(
    name: name, dependencies: imports.map { .byName(name: $0) }, path: path ?? "Sources/\(name)",
    swiftSettings: swiftSettings)
}

func tests(_ name: String, _ imports: [String]) -> Target {
  .testTarget(
    name: name, dependencies: imports.map { .byName(name: $0) }, path: "Tests/\(name)", swiftSettings: swiftSettings)
}

var targets: [Target] = [
  // 0 · doors to foreign code
  door("CEvidence"),
  door("CCrypto", links: ["crypto"]),
  door("CTransport", links: ["ssl", "crypto"]),
  door("CFetch", links: ["curl"]),
  door("CPlatform"),

  // 1 · bytes
  module("Bytes", []),

  // 2 · parsed, unverified; keys and chains; log lines
  module("Evidence", ["Bytes", "CEvidence"]),
  module("Cryptography", ["Bytes", "CCrypto"]),
  module("Telemetry", ["Bytes"]),
  module("Terminal", ["Bytes"]),

  // 2½ · signed notes and quorums: one grammar for log, witnesses and approvers; signatures of published models
  module("SignedNotes", ["Bytes", "Cryptography"]),
  module("ModelSigning", ["Bytes", "Cryptography", "Terminal"]),

  // 3 · proof, log, wire, model, network, machine
  module("Verification", ["Bytes", "Cryptography", "Evidence"]),
  module("Measurement", ["Bytes", "Cryptography"]),
  module("TransparencyLog", ["Bytes", "Cryptography", "SignedNotes"]),
  module("KBSProtocol", ["Bytes", "Cryptography"]),
  module("Weights", ["Bytes", "Cryptography", "SignedNotes", "Terminal"]),
  module("Transport", ["Bytes", "CTransport", "Telemetry"]),
  module("Fetch", ["Bytes", "CFetch"]),
  module("Platform", ["Bytes", "Cryptography", "Telemetry", "CPlatform"]),

  // 3½ · the disk under a log
  module("LogStorage", ["Telemetry", "TransparencyLog", "Platform"]),

  // 3½ · which endorsements, from whom, when and in which order
  module("Collateral", ["Bytes", "Cryptography", "Evidence", "Verification"]),

  // 3½ · where sealed models lie, and the memory they are opened into
  module("Stores", ["Bytes", "Telemetry", "Cryptography", "Weights", "Fetch", "Platform"]),

  // 3¾ · copies of a broker's state
  module(
    "Backup",
    ["Bytes", "Cryptography", "SignedNotes", "TransparencyLog", "Platform", "LogStorage"]),

  // 4 · judgement
  module("Appraisal", ["Bytes", "Cryptography", "Evidence", "Verification", "SignedNotes", "KBSProtocol"]),

  // 4½ · judgement again, for auditors
  module("Audit", ["Bytes"]),
  module(
    "Replay",
    [
      "Bytes", "Cryptography", "Evidence", "SignedNotes", "Verification", "TransparencyLog", "KBSProtocol", "Appraisal",
    ]),

  // 5 · services
  module(
    "Broker",
    [
      "Bytes", "Telemetry", "Cryptography", "SignedNotes", "Evidence", "Verification", "TransparencyLog",
      "LogStorage", "Collateral", "KBSProtocol", "Transport", "Platform", "Appraisal",
    ]),
  module(
    "Agent",
    [
      "Bytes", "Telemetry", "Terminal", "Cryptography", "SignedNotes", "Evidence", "TransparencyLog", "KBSProtocol",
      "ModelSigning", "Weights", "Fetch", "Platform", "Stores",
    ]),

  module(
    "CollateralService",
    ["Bytes", "Evidence", "Cryptography", "Verification", "Collateral", "Fetch", "Platform"]),

  // 6 · programs
  program("vouchsafe-broker", ["Broker", "Platform", "Terminal", "Bytes"]),
  program("vouchsafe-agent", ["Agent", "Platform", "Terminal"]),
  program(
    "vouchsafe",
    [
      "Bytes", "Terminal", "Cryptography", "SignedNotes", "Evidence", "Verification", "Measurement", "Appraisal",
      "Audit", "LogStorage", "Replay", "TransparencyLog", "KBSProtocol", "ModelSigning", "Weights", "Transport",
      "Fetch", "Platform", "Collateral", "CollateralService", "Telemetry", "Stores",
      "Backup",
    ]),

  // simulation: never linked into a shipped program
  door("CMint", path: "Tests/CMint", links: ["crypto"]),
  module("SimulatedTEE", ["Bytes", "Cryptography", "Evidence", "CMint"], path: "Tests/SimulatedTEE"),
  module(
    "SimulatedVendors", ["SimulatedTEE", "Evidence", "Cryptography", "Bytes", "Platform"],
    path: "Tests/SimulatedVendors"),
  program(
    "simulated-tee",
    ["SimulatedTEE", "SimulatedVendors", "Evidence", "Bytes", "Terminal", "Transport", "Platform"],
    path: "Examples/simulated-tee"),
  // tests
  door("NVMLStub", path: "Tests/NVMLStub"),
  module("TestSupport", ["Bytes"], path: "Tests/TestSupport"),
  module("HostileDisk", ["TransparencyLog", "TestSupport"], path: "Tests/HostileDisk"),
  tests("BytesTests", ["Bytes", "TestSupport"]),
  tests("TerminalTests", ["Terminal", "Bytes"]),
  tests("TelemetryTests", ["Telemetry", "Bytes"]),
  tests("CryptographyTests", ["Cryptography", "Bytes", "TestSupport"]),
  tests("EvidenceTests", ["Evidence", "Cryptography", "Bytes", "SimulatedTEE", "TestSupport"]),
  tests("VerificationTests", ["Verification", "Evidence", "Cryptography", "Bytes", "SimulatedTEE", "TestSupport"]),
  tests("MeasurementTests", ["Measurement", "Cryptography", "Bytes"]),
  tests(
    "CollateralTests",
    [
      "Collateral", "Verification", "Evidence", "Cryptography", "Bytes", "SimulatedTEE", "SimulatedVendors",
      "TestSupport",
    ]),
  tests(
    "CollateralServiceTests",
    [
      "CollateralService", "Collateral", "Verification", "Evidence", "Telemetry", "Platform", "Bytes", "SimulatedTEE",
      "SimulatedVendors",
    ]),
  tests("SignedNotesTests", ["SignedNotes", "Cryptography", "Bytes"]),
  tests(
    "TransparencyLogTests",
    [
      "TransparencyLog", "LogStorage", "SignedNotes", "Cryptography", "Telemetry", "Platform", "Bytes", "TestSupport",
      "HostileDisk",
    ]),
  tests("KBSProtocolTests", ["KBSProtocol", "Cryptography", "Bytes", "TestSupport"]),
  tests("ModelSigningTests", ["ModelSigning", "Cryptography", "Bytes", "TestSupport"]),
  tests("WeightsTests", ["Weights", "Cryptography", "SignedNotes", "Bytes", "TestSupport"]),
  tests(
    "StoresTests",
    [
      "Stores", "Weights", "Fetch", "Platform", "Telemetry", "Cryptography", "SignedNotes", "Transport", "Bytes",
      "TestSupport",
    ]),
  tests("TransportTests", ["Transport", "Fetch", "Cryptography", "Telemetry", "Bytes", "TestSupport"]),
  tests("PlatformTests", ["Platform", "Cryptography", "Telemetry", "Bytes", "TestSupport"]),
  tests(
    "AppraisalTests",
    [
      "Appraisal", "Verification", "Cryptography", "Evidence", "SignedNotes", "KBSProtocol", "Bytes", "SimulatedTEE",
      "TestSupport",
    ]),
  tests("AuditTests", ["Audit", "Bytes"]),
  tests(
    "BackupTests",
    ["Backup", "LogStorage", "TransparencyLog", "SignedNotes", "Cryptography", "Telemetry", "Platform", "Bytes"]),
  tests(
    "BrokerTests",
    [
      "Broker", "Replay", "LogStorage", "SimulatedTEE", "Evidence", "Verification", "Appraisal", "TransparencyLog",
      "SignedNotes",
      "KBSProtocol", "Cryptography", "Transport", "Telemetry", "Collateral", "CollateralService", "SimulatedVendors",
      "Platform", "Bytes", "TestSupport",
    ]),
  tests(
    "AgentTests",
    [
      "Agent", "NVMLStub", "SimulatedTEE", "Evidence", "Verification", "Weights", "KBSProtocol", "SignedNotes",
      "TransparencyLog",
      "Cryptography", "Fetch", "Transport", "Platform", "Telemetry", "Terminal", "Bytes", "TestSupport",
    ]),
]

// Crash histories (scripts/crash-histories): an optimized program over the broker's inner parts, so built with
// -enable-testing, and with stand-ins for signatures, of which it makes millions.
if isCrashing {
  let histories = program(
    "crash-histories",
    [
      "Broker", "Appraisal", "TransparencyLog", "SignedNotes", "KBSProtocol", "Cryptography", "Platform", "Terminal",
      "Bytes", "TestSupport", "HostileDisk", "CheapSignatures",
    ], path: "Tests/CrashHistories")
  let wrapped = ["cc_ed25519_sign", "cc_ed25519_verify"].flatMap { ["-Xlinker", "--wrap=\($0)"] }
  histories.linkerSettings = [.unsafeFlags(wrapped)]
  targets += [door("CheapSignatures", path: "Tests/CheapSignatures", links: ["crypto"]), histories]
}

// Fuzzing (scripts/fuzz): every module is instrumented, and each parser of outside bytes gets an executable under
// Tests/Fuzz. VOUCHSAFE_FUZZ_RUNTIME is the toolchain's libFuzzer archive, which scripts/fuzz finds.
if isFuzzing {
  func fuzzer(_ parser: String, _ imports: [String]) -> Target {
    let fuzzer = program("Fuzz\(parser)", imports + ["FuzzDriver"], path: "Tests/Fuzz/\(parser)")
    fuzzer.exclude = ["seeds.txt"]
    let runtime = Context.environment["VOUCHSAFE_FUZZ_RUNTIME"].map { [$0] } ?? []
    fuzzer.linkerSettings = [.unsafeFlags(["-sanitize=address", "-use-ld=lld"] + runtime + ["-lstdc++"])]
    return fuzzer
  }
  targets += [
    door("CFuzz", path: "Tests/Fuzz/CFuzz"),
    module("FuzzDriver", ["CFuzz"], path: "Tests/Fuzz/Driver"),
    fuzzer("AuditPack", ["Replay", "TransparencyLog", "SignedNotes", "Cryptography", "Bytes"]),
    fuzzer("Base64", ["Bytes"]),
    fuzzer("Certificate", ["Cryptography"]),
    fuzzer("CollateralBundle", ["Collateral", "Bytes"]),
    fuzzer("Configuration", ["Agent", "Broker"]),
    fuzzer("DeviceReport", ["Evidence"]),
    fuzzer("FetcherWire", ["Collateral"]),
    fuzzer("Firmware", ["Measurement", "Bytes"]),
    fuzzer("HTTPHead", ["Transport"]),
    fuzzer("IntelCollateral", ["Verification", "Bytes"]),
    fuzzer("JOSE", ["Cryptography", "Bytes"]),
    fuzzer("JSON", ["Bytes"]),
    fuzzer("KBSMessages", ["KBSProtocol", "Bytes"]),
    fuzzer("LogRecords", ["Replay", "Appraisal", "KBSProtocol", "Bytes"]),
    fuzzer("Manifest", ["Weights"]),
    fuzzer("ModelSignature", ["ModelSigning", "Cryptography", "Bytes"]),
    fuzzer("NVIDIAEvidence", ["Evidence", "Bytes"]),
    fuzzer("Recovery", ["TransparencyLog", "SignedNotes", "Cryptography"]),
    fuzzer("ReferenceManifest", ["Verification", "Bytes"]),
    fuzzer("RevocationAnswer", ["Cryptography"]),
    fuzzer("SNPEvidence", ["Evidence", "Bytes"]),
    fuzzer("SignedNote", ["SignedNotes"]),
    fuzzer("Statement", ["Appraisal"]),
    fuzzer("TDXEvidence", ["Evidence", "Verification", "Bytes"]),
    fuzzer("TransparencyLog", ["TransparencyLog"]),
    fuzzer("VendorAnswer", ["Collateral", "Verification", "Bytes"]),
    fuzzer("WeightsHeader", ["Weights"]),
    fuzzer("Witness", ["TransparencyLog"]),
  ]
  for target in targets {
    target.cSettings?.append(.unsafeFlags(["-fsanitize=fuzzer-no-link,address,undefined"]))
    target.swiftSettings?.append(
      .unsafeFlags(["-sanitize=address", "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp"]))
  }
}

let package = Package(
  name: "vouchsafe",
  // What tests load at run time in place of NVIDIA's library.
  products: [.library(name: "NVMLStub", type: .dynamic, targets: ["NVMLStub"])],
  targets: targets, swiftLanguageModes: [.v6])
