import Bytes
import Evidence
import SimulatedTEE

/// A simulated guest, and the GPUs that it shows.
struct GuestWithGPUs {
  let guest: Guest
  let gpus: SimulatedGPUSet?

  /// The additional evidence that a CoCo guest would send: empty without a GPU.
  /// - Parameter reportData: the GPUs answer its first 32 bytes.
  func additionalEvidence(reportData: [UInt8]) -> [UInt8] {
    guard let gpus else { return [] }
    let nonce = Array((reportData + [UInt8](repeating: 0, count: 32)).prefix(32))
    return CanonicalJSON.encode(.object([("nvidia", gpus.kbsEvidence(nonce: nonce))]))
  }
}

/// A simulated guest of either kind, as the verbs see it.
enum Guest {
  case snp(SimulatedSNP, sendsCertificates: Bool)
  case tdx(SimulatedTDX)

  var tee: TEE {
    switch self {
    case .snp: .snp
    case .tdx: .tdx
    }
  }

  /// The evidence that a CoCo guest would send.
  func kbsEvidence(reportData: [UInt8]) throws -> JSONValue {
    switch self {
    case .snp(let guest, let sends): try guest.kbsEvidence(reportData: reportData, certificates: sends ? nil : [])
    case .tdx(let guest): guest.kbsEvidence(reportData: reportData)
    }
  }

  /// What the hardware hands out: a report and its certificate table, or a quote.
  func rawEvidence(reportData: [UInt8]) throws -> [UInt8] {
    switch self {
    case .snp(let guest, let sends):
      try guest.evidence(reportData: reportData, certificates: sends ? nil : []).extendedBytes
    case .tdx(let guest): guest.quote(reportData: reportData)
    }
  }
}
