package import Bytes

/// One difference between what a platform proved and what a bundle asks, or what stands in the way of a release.
package struct Mismatch: Equatable, Sendable {
  /// Stable; shown to the pod, logged and counted.
  package enum Code: String, Sendable, CaseIterable {
    // the built-in strict rule
    case requestedByHost, debugEnabled, migrationAllowed, policyReservedBit, policyUnknownBits, abiVersionUnmet
    case vmplNotZero, platformUnknownBits, strictRule
    case tcbNotUpToDate, performanceMonitored, partitioningAware, septVEEnabled, attributesUnknownBits, serviceTDBound
    case featuresMissing
    case firmwareIDMissing, measurementMismatch, measurementMissing, measurementConflict, certificateExpired
    case architectureUnsupported, decoderStateUnknown, modesMixed, topologyMismatch
    // the state of the reference values
    case noReferenceValues, everythingRevoked, bundleRevoked, measurementRevoked, chipRevoked, productRevoked
    case policyRevoked, platformRevoked, familyRevoked, modelRevoked, tenantRevoked, deviceRevoked
    case bundleNotYetValid, bundleExpired
    // evidence against a bundle
    case teeNotInBundle, simulatedEvidence, measurementUnknown, hostDataMismatch, productNotAllowed, chipNotAllowed
    case providerNotAllowed, signingKeyNotAllowed, idKeyNotAllowed, authorKeyNotAllowed, guestSVNTooLow, vmplNotAllowed
    case guestPolicyMissing, guestPolicyForbidden, platformInfoMissing, platformInfoForbidden
    case reportedTCBTooLow, launchTCBTooLow, mitigationMissing, revocationUnchecked
    case advisoryUnmet, advisoryUnknown, advisoryTableMissing, advisoryTableExpired, cpuUnknown
    case registerMismatch, registerUnproven, eventLogMissing, moduleNotAllowed, ownerNotAllowed, serviceTDNotAllowed
    case evaluationTooOld, tdAttributeMissing, tdAttributeForbidden, featuresNotAllowed
    // GPUs against a bundle
    case gpuNotInBundle, gpuCount, gpuModelNotAllowed, gpuBoardNotAllowed, gpuModeNotAllowed, gpuDriverTooOld
    case gpuVBIOSTooOld, gpuNotAllowed, gpuTopologyUnproven
    // a release
    case resourceRevoked, resourceUnbound, bundleNotPermitted, resourceNotInBundle, conditionUnmet
  }

  package let code: Code
  package let field: String
  package let got: String
  package let wanted: String
  /// The bundle compared with; `nil` when it is not about one.
  package let bundle: String?

  init(_ code: Code, _ field: String, got: String, wanted: String, bundle: String? = nil) {
    self.code = code
    self.field = field
    self.got = got
    self.wanted = wanted
    self.bundle = bundle
  }

  /// At most four of the values: enough for a person, bounded for a store.
  static func oneOf(_ values: [String]) -> String {
    let shown = values.prefix(4).joined(separator: ", ")
    return values.count > 4 ? "\(shown) and \(values.count - 4) more" : shown
  }

  static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  package var json: JSONValue {
    var object = JSONObject([
      ("code", .string(code.rawValue)), ("field", .string(field)), ("got", .string(got)), ("wanted", .string(wanted)),
    ])
    object["bundle"] = bundle.map { .string($0) }
    return .object(object)
  }

  init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "mismatch")
    guard let code = Code(rawValue: try reader.string("code")) else { throw ParseError("mismatch.code", .unexpected) }
    self.code = code
    field = try reader.string("field")
    got = try reader.string("got")
    wanted = try reader.string("wanted")
    bundle = try reader.optionalString("bundle")
    try reader.finish()
  }
}
