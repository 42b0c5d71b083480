import Bytes
import Evidence

/// What the built-in strict rule finds in a proved quote: anything but an up-to-date TCB, a debugged or observed TD, one
/// that can be moved or has a service TD, and whatever it does not know.
func strictFindings(_ claims: TDXClaims) -> [StrictFinding] {
  tcbFindings(claims.tcb) + attributeFindings(claims.report.attributes) + serviceFindings(claims.report)
}

private func genuine(_ code: Refusal.Code, _ field: String, got: String, wanted: String) -> Refusal {
  Refusal(code, field, got: got, wanted: wanted, genuine: true)
}

private func tcbFindings(_ tcb: TDXClaims.TCB) -> [StrictFinding] {
  guard tcb.status != .upToDate else { return [] }
  return [
    (.tcb, genuine(.tcbNotUpToDate, "tcbStatus", got: tcb.status.rawValue, wanted: TCBStatus.upToDate.rawValue))
  ]
}

private func attributeFindings(_ attributes: TDAttributes) -> [StrictFinding] {
  var findings: [StrictFinding] = []
  func find(
    _ name: CheckName, _ code: Refusal.Code, _ field: String, got: String = "1", wanted: String = "0",
    when isWrong: Bool
  ) {
    guard isWrong else { return }
    findings.append((name, genuine(code, "tdAttributes.\(field)", got: got, wanted: wanted)))
  }
  func bits(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  find(
    .debug, .debugEnabled, "debug", got: bits(attributes.underDebugBits), when: attributes.underDebugBits != 0)
  find(.migration, .migrationAllowed, "migratable", when: attributes.isMigratable)
  find(.attributes, .performanceMonitored, "performanceMonitored", when: attributes.isPerformanceMonitored)
  find(.attributes, .partitioningAware, "partitioningAware", when: attributes.isTDPartitioningAware)
  find(
    .attributes, .septVEEnabled, "septVEDisabled", got: "0", wanted: "1", when: !attributes.isSEPTVEDisabled)
  find(
    .attributes, .attributesUnknownBits, "raw", got: bits(attributes.unknownBits), wanted: "no unknown bit",
    when: attributes.unknownBits != 0)
  find(.serviceTD, .serviceTDBound, "serviceTDExtended", when: attributes.isServiceTDExtended)
  return findings
}

private func serviceFindings(_ report: TDReport) -> [StrictFinding] {
  var findings: [StrictFinding] = []
  if let service = report.mrServiceTD, service.contains(where: { $0 != 0 }) {
    findings.append((.serviceTD, genuine(.serviceTDBound, "mrServiceTD", got: Hex.encode(service), wanted: "zero")))
  }
  // x87 and SSE: no TD runs without them.
  if report.xfam & 3 != 3 {
    findings.append(
      (.features, genuine(.featuresMissing, "xfam", got: "0x" + String(report.xfam, radix: 16), wanted: "bits 0 and 1"))
    )
  }
  return findings
}
