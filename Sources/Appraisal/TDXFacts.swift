import Bytes
import Evidence
import Verification

/// What is judged of an Intel TDX platform. Genuine: only `Claims` become facts.
struct TDXFacts: Equatable, Sendable {
  /// 48 bytes each.
  var mrTD: [UInt8]
  var rtmr: [[UInt8]]
  var mrConfigID: [UInt8]
  var mrOwner: [UInt8]
  var mrOwnerConfig: [UInt8]
  var mrSeam: [UInt8]
  /// Zeros without a service TD.
  var mrServiceTD: [UInt8]
  var attributes: UInt64
  var xfam: UInt64
  var tcbStatus: TCBStatus
  var tcbDate: Timestamp?
  var advisoryIDs: [String]
  var evaluationNumber: UInt32
  /// 16 bytes.
  var ppid: [UInt8]
  /// 16 bytes; `nil` from platforms that were never registered with Intel.
  var platformInstanceID: [UInt8]?
  /// 6 bytes.
  var fmspc: [UInt8]
  /// What the event log proves of each register; `nil` when none came.
  var registers: [TDXClaims.RegisterState]?

  init(_ claims: TDXClaims) {
    let report = claims.report
    mrTD = report.mrTD
    rtmr = report.rtmr
    mrConfigID = report.mrConfigID
    mrOwner = report.mrOwner
    mrOwnerConfig = report.mrOwnerConfig
    mrSeam = report.mrSeam
    mrServiceTD = report.mrServiceTD ?? TDXReference.zero
    attributes = report.attributes.raw
    xfam = report.xfam
    tcbStatus = claims.tcb.status
    tcbDate = claims.tcb.date
    advisoryIDs = claims.tcb.advisoryIDs
    evaluationNumber = claims.tcb.evaluationNumber
    ppid = claims.platform.ppid
    platformInstanceID = claims.platform.instanceID
    fmspc = claims.platform.fmspc
    registers = claims.eventLog?.registers
  }
}
