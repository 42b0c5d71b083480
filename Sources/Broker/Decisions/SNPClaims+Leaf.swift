import Bytes
import Evidence
import Verification

// What a decision's leaf says of an SEV-SNP platform. Spec: reliability §2.4.
extension SNPClaims {
  var leafMeasure: JSONValue {
    .object([
      ("measurement", .string(Hex.encode(measurement))), ("host_data", .string(Hex.encode(hostData))),
      ("id_key_digest", .string(Hex.encode(idKeyDigest))),
    ])
  }

  var leafTCB: JSONValue {
    .object([
      ("status", .null), ("svn", .string(tcb.reported.text)), ("advisories", .array([])), ("eval_data_number", .null),
      ("product", .string(product.rawValue)), ("reported", tcb.reported.leaf), ("committed", tcb.committed.leaf),
      ("launch", tcb.launch.leaf), ("platform_info", .string("0x" + String(platformInfo.raw, radix: 16))),
      ("mit_vector", currentMitigations.map { .string("0x" + String($0, radix: 16)) } ?? .null),
    ])
  }

  /// What the platform's pseudonym is made of.
  var platformIdentity: [UInt8] { chipID + Array((cspID ?? "").utf8) }
}

extension TCBVersion.Components {
  fileprivate var leaf: JSONValue {
    var object = JSONObject([
      ("bootloader", .int(bootLoader)), ("tee", .int(tee)), ("snp", .int(snp)), ("microcode", .int(microcode)),
    ])
    object["fmc"] = fmc.map { .int($0) }
    return .object(object)
  }
}
