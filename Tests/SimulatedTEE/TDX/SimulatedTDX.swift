package import Bytes
import Cryptography

/// A simulated trust domain: every field of its quote can be set, and it makes quotes and collateral that differ from
/// real ones in the root key only. Nothing it says is true of any machine.
package struct SimulatedTDX: Sendable {
  package let intel: SimulatedIntel
  package var platform = SimulatedPlatform()
  package var collateral: SimulatedCollateral

  // Header.
  package var version: UInt16 = 4
  package var attestationKeyType: UInt16 = 2
  package var teeType: UInt32 = 0x81
  package var headerReserved: UInt32 = 0
  package var qeVendorID: [UInt8] = [
    0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07,
  ]
  package var userData = [UInt8](repeating: 0, count: 20)

  // Descriptor of version 5, and which body there is: 2 has 584 bytes, 3 has 648, 4 has 885.
  package var bodyType: UInt16 = 2
  package var statedBodyType: UInt16?
  package var statedBodySize: UInt32?

  // Body.
  package var teeTCBSVN: [UInt8] = [6, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  package var mrSEAM = [UInt8](repeating: 0x5E, count: 48)
  package var mrSignerSEAM = [UInt8](repeating: 0, count: 48)
  package var seamAttributes: UInt64 = 0
  /// SEPT_VE_DISABLE.
  package var tdAttributes: UInt64 = 1 << 28
  package var xfam: UInt64 = 0x6_02E7
  package var mrTD = [UInt8](repeating: 0x7D, count: 48)
  package var mrConfigID = [UInt8](repeating: 0, count: 48)
  package var mrOwner = [UInt8](repeating: 0, count: 48)
  package var mrOwnerConfig = [UInt8](repeating: 0, count: 48)
  package var rtmrs = [[UInt8]](repeating: [UInt8](repeating: 0, count: 48), count: 4)
  package var teeTCBSVN2: [UInt8]?
  package var mrServiceTD = [UInt8](repeating: 0, count: 48)
  /// The 237 bytes that type 4 adds.
  package var partitioning = [UInt8](repeating: 0, count: 237)

  // Signature data.
  package var qeReport = SimulatedQEReport()
  package var authenticationData = [UInt8](0..<32)
  package var outerType: UInt16 = 6
  package var innerType: UInt16 = 5
  /// What lies in the inner certification data instead of the certificates.
  package var innerData: [UInt8]?
  package var endsWithNUL = true
  /// Zeros follow up to this size, as in what Linux and Azure hand out.
  package var paddedTo: Int?
  package var statedSignatureSize: UInt32?
  package var statedOuterSize: UInt32?
  package var statedAuthenticationSize: UInt16?
  package var statedInnerSize: UInt32?
  package var attestationKey: [UInt8]
  /// Who signs the body; the key above unless set.
  package var bodySigningKey: [UInt8]?
  /// Who signs the report of the quoting enclave; the platform's key unless set.
  package var qeSigningKey: [UInt8]?

  /// Bytes put over header and body before they are signed, by offset in the quote.
  package var signedPatches: [Int: [UInt8]] = [:]
  /// Bytes put over the quote after it is signed, by offset.
  package var patches: [Int: [UInt8]] = [:]
  /// Changes the platform's certificate before it is signed.
  package var editPCK: @Sendable (inout SimulatedCertificate) -> Void = { _ in }
  /// Changes the certificates that go into the quote, leaf first.
  package var editChain: @Sendable (inout [[UInt8]]) -> Void = { _ in }
  /// The boot log that goes along; `measure` keeps the registers in step with it.
  package private(set) var eventLog: [UInt8]?

  /// - Parameter issuedAt: when Intel signed the collateral.
  package init(issuedAt: Timestamp, keys: SimulatedIntelKeys = .shared) {
    intel = SimulatedIntel(keys: keys)
    collateral = SimulatedCollateral(intel, issuedAt: issuedAt)
    attestationKey = keys.attestation
  }

  /// Takes the log along and sets the registers to what it says.
  package mutating func measure(_ log: SimulatedEventLog) {
    eventLog = log.bytes
    rtmrs = log.registers
  }

  /// Takes these bytes along as a log, whatever the registers say.
  package mutating func carry(log: [UInt8]?) { eventLog = log }

  /// A guest whose quote has version 5 and body type 3.
  package mutating func useVersion5() {
    version = 5
    bodyType = 3
  }

  /// The `primary_evidence` that a CoCo guest would send.
  package func kbsEvidence(reportData: [UInt8]) -> JSONValue {
    .object([
      ("quote", .string(Base64.encode(quote(reportData: reportData)))),
      ("cc_eventlog", eventLog.map { .string(Base64.encode($0)) } ?? .null),
    ])
  }
}
