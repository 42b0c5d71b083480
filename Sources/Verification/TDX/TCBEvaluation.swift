import Bytes
import Evidence

/// What Intel's levels say of one platform: four independent judgements, converged and never replaced by one another.
///
/// Spec: Intel TDX, TCB recovery: matching of TCB levels; Intel quote verification library, TD relaunch check.
struct TCBEvaluation: Sendable, Equatable {
  /// The converged status.
  let status: TCBStatus
  /// By the platform's certificate alone, by the TEE TCB SVNs, by the TDX module, by the quoting enclave.
  let platform: TCBStatus
  let tdx: TCBStatus
  let module: TCBStatus
  let enclave: TCBStatus
  /// The oldest of the levels in use; `nil` when none is met.
  let date: Timestamp?
  /// Of all levels in use, sorted.
  let advisoryIDs: [String]

  /// - Throws: `moduleMismatch` when no module is described for the report's levels.
  init(
    _ body: TDReport, _ pck: PCKCertificate, _ info: TCBInfo, _ enclave: EnclaveReport, _ identity: QEIdentity
  ) throws(Refusal) {
    let quoting = identity.levels.first { $0.isvSVN <= enclave.isvSVN }?.judgement
    let launch = try LevelMatch(body.teeTCBSVN, pck, info)
    var status = launch.status.converged(with: quoting?.status ?? .notSupported)
    if let svn = body.teeTCBSVN2 {
      let current = try LevelMatch(svn, pck, info).status.converged(with: quoting?.status ?? .notSupported)
      status = Self.relaunched(launch: status, current: current)
    }
    self.status = status
    platform = launch.sgx?.status ?? .notSupported
    tdx = launch.tdx?.status ?? .notSupported
    module = launch.moduleStatus
    self.enclave = quoting?.status ?? .notSupported
    let used = status == .notSupported ? [] : [launch.sgx, launch.tdx, launch.module, quoting].compactMap { $0 }
    date = used.map(\.date).min()
    advisoryIDs = Set(used.flatMap(\.advisoryIDs)).sorted()
  }

  /// A TD that was launched before the platform was brought up to date has to be launched again. What runs now must be
  /// something that Intel describes, and can make the result worse.
  static func relaunched(launch: TCBStatus, current: TCBStatus) -> TCBStatus {
    if launch == .revoked || current == .revoked { return .revoked }
    if launch == .notSupported || current == .notSupported { return .notSupported }
    guard launch.isOutOfDate, !current.isOutOfDate else { return launch }
    return launch.needsConfiguration || current.needsConfiguration
      ? .relaunchAdvisedConfigurationNeeded : .relaunchAdvised
  }
}

/// The levels that one TEE_TCB_SVN meets.
struct LevelMatch: Sendable, Equatable {
  /// The first level that the platform's certificate meets.
  let sgx: LevelJudgement?
  /// The first of these that the TEE TCB SVNs meet as well.
  let tdx: LevelJudgement?
  /// `nil` when the module is older than all levels, or is the one that the levels themselves speak of.
  let module: LevelJudgement?
  let moduleStatus: TCBStatus

  init(_ svn: [UInt8], _ pck: PCKCertificate, _ info: TCBInfo) throws(Refusal) {
    let met = info.levels.filter { pck.components.isAtLeast($0.sgx) && pck.pceSVN >= $0.pceSVN }
    sgx = met.first?.judgement
    // With a module of its own identity the first two components are that module's business.
    let first = svn[1] > 0 ? 2 : 0
    tdx = met.first { Array(svn[first...]).isAtLeast(Array($0.tdx[first...])) }?.judgement
    guard let identity = info.module(of: svn) else {
      throw Refusal(.moduleMismatch, "teeTCBSVN", got: "TDX_\(Hex.encode([svn[1]]))")
    }
    module = svn[1] > 0 ? identity.levels.first { $0.isvSVN <= UInt16(svn[0]) }?.judgement : nil
    moduleStatus = svn[1] > 0 ? module?.status ?? .notSupported : .upToDate
  }

  /// The three converged; the platform's own level can make it worse as well.
  var status: TCBStatus {
    (tdx?.status ?? .notSupported).converged(with: sgx?.status ?? .notSupported).converged(with: moduleStatus)
  }
}

extension [UInt8] {
  fileprivate func isAtLeast(_ floor: [UInt8]) -> Bool { zip(self, floor).allSatisfy { $0 >= $1 } }
}
