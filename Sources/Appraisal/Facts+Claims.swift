import Evidence
import Verification

extension Facts {
  init(_ claims: Claims) {
    isSimulated = claims.simulated
    platform =
      switch claims.platform {
      case .snp(let snp): .snp(SNPFacts(snp))
      case .tdx(let tdx): .tdx(TDXFacts(tdx))
      }
    strictRefusals = strictPlatformRefusals(claims)
    devices = claims.devices.map { DeviceFacts($0) }
  }
}

extension SNPFacts {
  init(_ claims: SNPClaims) {
    reportVersion = claims.reportVersion
    cpu = claims.cpu
    product = claims.product
    measurement = claims.measurement
    hostData = claims.hostData
    chipID = claims.chipID
    idKeyDigest = claims.idKeyDigest
    authorKeyDigest = claims.authorKeyDigest
    isAuthorKeyEnabled = claims.isAuthorKeyEnabled
    familyID = claims.familyID
    imageID = claims.imageID
    guestSVN = claims.guestSVN
    vmpl = claims.vmpl
    guestPolicy = claims.policy.raw
    platformInfo = claims.platformInfo.raw
    reportedTCB = claims.tcb.reported
    committedTCB = claims.tcb.committed
    launchTCB = claims.tcb.launch
    launchMitigations = claims.launchMitigations
    currentMitigations = claims.currentMitigations
    signingKey = claims.signingKey
    cspID = claims.cspID
    isRevocationChecked = if case .checked = claims.revocation { true } else { false }
  }
}
