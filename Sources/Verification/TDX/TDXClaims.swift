package import Bytes
import Cryptography
package import Evidence

/// The statements of a proved TDX quote, of its platform's certificate and of what Intel says about both.
package struct TDXClaims: Sendable, Equatable {
  /// How the platform stands to Intel's levels.
  package struct TCB: Sendable, Equatable {
    /// The converged status.
    package let status: TCBStatus
    /// By the platform's certificate, by the TEE TCB SVNs, by the TDX module, by the quoting enclave.
    package let platform: TCBStatus
    package let tdx: TCBStatus
    package let module: TCBStatus
    package let enclave: TCBStatus
    /// The oldest of the levels in use; `nil` when none is met.
    package let date: Timestamp?
    /// Of all levels in use, sorted.
    package let advisoryIDs: [String]
    /// tcbEvaluationDataNumber of the TCB info, and of the identity of the quoting enclave.
    package let evaluationNumber: UInt32
    package let enclaveEvaluationNumber: UInt32
  }

  /// What is proved of a register's history.
  package enum RegisterState: String, Sendable {
    /// The log leads to the register's value.
    case replayed
    /// Never extended, and the log has no event for it.
    case untouched
    /// Extended, and the log has no event for it: nothing is known about how it came by its value.
    case unproven
    case differs
  }

  /// A log that was replayed.
  package struct Log: Sendable, Equatable {
    package let registers: [RegisterState]
    package let eventCount: Int
    /// Events whose data are proved, because their digest is the data's own.
    package let dataProvedCount: Int
  }

  /// The platform, by its provisioning certificate.
  package struct Platform: Sendable, Equatable {
    /// 16 bytes: one for each platform.
    package let ppid: [UInt8]
    /// From registered platforms only.
    package let instanceID: [UInt8]?
    package let fmspc: [UInt8]
    package let pceID: [UInt8]
    package let pceSVN: UInt16
    package let cpuSVN: [UInt8]
    package let sgxType: String
    package let isSMTEnabled: Bool?
    /// SHA-256 of the certificate.
    package let certificateDigest: [UInt8]
  }

  package let quoteVersion: UInt16
  package let report: TDReport
  /// ISVSVN of the quoting enclave.
  package let enclaveSVN: UInt16
  package let tcb: TCB
  package let platform: Platform
  /// `nil` when no log came with the quote.
  package let eventLog: Log?
  /// When the oldest enforced list was issued; `nil` when revocation was left out.
  package let revocationCheckedAt: Timestamp?
  /// SHA-256 of TCB info and QE identity with their signatures.
  package let tcbInfoDigest: [UInt8]
  package let identityDigest: [UInt8]
  /// Paths of members of the two that nobody here knows: signed, without effect, and said.
  package let unknownMembers: [String]
  /// When the first of the certificates, lists and documents that this rests on runs out: no longer good at that time.
  package let validUntil: Timestamp
  package let paddingCount: Int

  init(_ quote: TDXQuote, _ proof: TDXProof) {
    quoteVersion = quote.version
    report = quote.body
    enclaveSVN = quote.enclave.isvSVN
    tcb = TCB(proof)
    platform = Platform(proof.platform.pck)
    eventLog = proof.replay.map {
      Log(registers: $0.states, eventCount: $0.eventCount, dataProvedCount: $0.dataProvedCount)
    }
    revocationCheckedAt =
      proof.isRevocationChecked ? proof.platform.path.chain.revocationLists.map(\.thisUpdate).min() : nil
    tcbInfoDigest = proof.tcbInfo.digest
    identityDigest = proof.identity.digest
    unknownMembers =
      proof.tcbInfo.value.unknownMembers.map { "tcbInfo.\($0)" }
      + proof.identity.value.unknownMembers.map { "enclaveIdentity.\($0)" }
    validUntil = proof.validUntil
    paddingCount = quote.paddingCount
  }
}

extension TDXClaims.TCB {
  fileprivate init(_ proof: TDXProof) {
    self.init(
      status: proof.tcb.status, platform: proof.tcb.platform, tdx: proof.tcb.tdx, module: proof.tcb.module,
      enclave: proof.tcb.enclave, date: proof.tcb.date, advisoryIDs: proof.tcb.advisoryIDs,
      evaluationNumber: proof.tcbInfo.value.evaluationNumber,
      enclaveEvaluationNumber: proof.identity.value.evaluationNumber)
  }
}

extension TDXClaims.Platform {
  fileprivate init(_ pck: PCKCertificate) {
    self.init(
      ppid: pck.ppid, instanceID: pck.platformInstanceID, fmspc: pck.fmspc, pceID: pck.pceID, pceSVN: pck.pceSVN,
      cpuSVN: pck.cpuSVN, sgxType: pck.sgxType.name, isSMTEnabled: pck.configuration?.isSMTEnabled,
      certificateDigest: pck.digest)
  }
}
