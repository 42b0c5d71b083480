package import Bytes
package import Evidence

extension TDXClaims {
  var members: [(String, JSONValue)] { tcbMembers + report.members + platformMembers + proofMembers }

  private var tcbMembers: [(String, JSONValue)] {
    [
      ("tcbStatus", .string(tcb.status.rawValue)),
      (
        "tcb",
        .object([
          ("platform", .string(tcb.platform.rawValue)), ("tdx", .string(tcb.tdx.rawValue)),
          ("module", .string(tcb.module.rawValue)), ("enclave", .string(tcb.enclave.rawValue)),
        ])
      ),
      ("tcbDate", tcb.date.map { .string($0.rfc3339) } ?? .null), ("advisoryIDs", .strings(tcb.advisoryIDs)),
      ("evaluationNumber", .int(tcb.evaluationNumber)),
      ("enclaveEvaluationNumber", .int(tcb.enclaveEvaluationNumber)), ("quoteVersion", .int(quoteVersion)),
      ("enclaveSVN", .int(enclaveSVN)),
    ]
  }

  private var platformMembers: [(String, JSONValue)] {
    [
      ("fmspc", .string(Hex.encode(platform.fmspc))), ("pceID", .string(Hex.encode(platform.pceID))),
      ("pceSVN", .int(platform.pceSVN)), ("cpuSVN", .string(Hex.encode(platform.cpuSVN))),
      ("ppid", .string(Hex.encode(platform.ppid))),
      ("platformInstanceID", platform.instanceID.map { .string(Hex.encode($0)) } ?? .null),
      ("sgxType", .string(platform.sgxType)), ("smtEnabled", platform.isSMTEnabled.map { .bool($0) } ?? .null),
      ("certificateSHA256", .string(Hex.encode(platform.certificateDigest))),
    ]
  }

  private var proofMembers: [(String, JSONValue)] {
    [
      ("eventLog", eventLog.map(\.json) ?? .null),
      (
        "revocation",
        revocationCheckedAt.map { ["status": "checked", "thisUpdate": .string($0.rfc3339)] }
          ?? ["status": "unavailable"]
      ),
      ("tcbInfoSHA256", .string(Hex.encode(tcbInfoDigest))),
      ("enclaveIdentitySHA256", .string(Hex.encode(identityDigest))), ("validUntil", .string(validUntil.rfc3339)),
      ("padding", .int(paddingCount)),
    ] + (unknownMembers.isEmpty ? [] : [("unknownMembers", .strings(unknownMembers))])
  }
}

extension TDXClaims.Log {
  fileprivate var json: JSONValue {
    let states = registers.enumerated().map { ("rtmr\($0.offset)", JSONValue.string($0.element.rawValue)) }
    return .object([("events", .int(eventCount)), ("eventsWithProvedData", .int(dataProvedCount))] + states)
  }
}

extension TDReport {
  /// The report's fields as people and scripts see them.
  package var members: [(String, JSONValue)] {
    func hex(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encode(bytes)) }
    return [
      ("mrTD", hex(mrTD)), ("rtmr0", hex(rtmr[0])), ("rtmr1", hex(rtmr[1])), ("rtmr2", hex(rtmr[2])),
      ("rtmr3", hex(rtmr[3])), ("mrConfigID", hex(mrConfigID)), ("mrOwner", hex(mrOwner)),
      ("mrOwnerConfig", hex(mrOwnerConfig)), ("mrServiceTD", mrServiceTD.map(hex) ?? .null),
      ("reportData", hex(reportData)), ("tdAttributes", attributes.json),
      ("xfam", .string("0x" + String(xfam, radix: 16))), ("mrSeam", hex(mrSeam)), ("mrSignerSeam", hex(mrSignerSeam)),
      ("seamAttributes", hex(seamAttributes)), ("teeTCBSVN", hex(teeTCBSVN)),
      ("teeTCBSVN2", teeTCBSVN2.map(hex) ?? .null), ("bodyType", .int(type)),
    ]
  }
}

extension TDAttributes {
  package var json: JSONValue {
    .object([
      ("raw", .string("0x" + String(raw, radix: 16))), ("debug", .bool(isDebug)),
      ("septVEDisabled", .bool(isSEPTVEDisabled)), ("migratable", .bool(isMigratable)),
      ("protectionKeys", .bool(isProtectionKeysEnabled)), ("keyLocker", .bool(isKeyLockerEnabled)),
      ("lass", .bool(isLASSEnabled)), ("serviceTDExtended", .bool(isServiceTDExtended)),
      ("partitioningAware", .bool(isTDPartitioningAware)), ("performanceMonitored", .bool(isPerformanceMonitored)),
    ])
  }
}
