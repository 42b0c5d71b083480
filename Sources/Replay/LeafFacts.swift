import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Verification

/// What a decision's leaf must say of a pod, worked out from its evidence alone.
///
/// Not by the code that writes leaves: a mistake there is to be found here. The platform's pseudonym is keyed, so nobody
/// but the broker can work it out.
struct LeafFacts {
  let claims: Claims
  let record: StoredAttestation
  let recordDigest: [UInt8]
  /// `nil` for evidence that came without a handshake.
  let teePublicKey: JWK?

  var members: [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [
      ("sim", .bool(claims.simulated)), ("tee", tees), ("measure", measure), ("tcb", tcb),
      ("evidence", hex(recordDigest)), ("collateral", .array(record.collateral.map { hex($0.digest) })),
      ("initdata", record.initData.map { hex(Hash.sha256.digest(Array($0.utf8))) } ?? .null),
    ]
    if let asOf = claims.collateralAsOf { members.append(("collateral_as_of", .string(asOf.rfc3339))) }
    if let teePublicKey { members.append(("tee_key", .string(Base64.url(teePublicKey.thumbprint)))) }
    if case .request(_, _, let nonce) = record.input {
      members.append(("challenge", hex(Hash.sha256.digest(Array(nonce.utf8)))))
    }
    return members
  }

  private var tees: JSONValue {
    claims.devices == nil ? [.string(claims.tee.rawValue)] : [.string(claims.tee.rawValue), "nvgpu"]
  }

  private var measure: JSONValue {
    guard let devices = claims.devices, var object = platformMeasure.objectValue else { return platformMeasure }
    object["devices"] = .array(devices.devices.map(measure))
    return .object(object)
  }

  private func measure(_ device: DeviceClaims) -> JSONValue {
    [
      "chip": .string(device.chip), "driver": text(device.driverVersion), "vbios": .string(device.firmwareVersion),
      "measurements": hex(device.measurementsDigest), "rims": .array(device.manifests.map(hex)),
      "mode": text(device.mode?.rawValue),
    ]
  }

  private var platformMeasure: JSONValue {
    switch claims.platform {
    case .snp(let snp):
      [
        "measurement": hex(snp.measurement), "host_data": hex(snp.hostData), "id_key_digest": hex(snp.idKeyDigest),
      ]
    case .tdx(let tdx):
      [
        "mrtd": hex(tdx.report.mrTD), "rtmr0": hex(tdx.report.rtmr[0]), "rtmr1": hex(tdx.report.rtmr[1]),
        "rtmr2": hex(tdx.report.rtmr[2]), "rtmr3": hex(tdx.report.rtmr[3]), "mrseam": hex(tdx.report.mrSeam),
        "mrconfigid": hex(tdx.report.mrConfigID),
      ]
    }
  }

  private var tcb: JSONValue {
    switch claims.platform {
    case .snp(let snp):
      [
        "status": .null, "svn": .string(snp.tcb.reported.text), "advisories": [], "eval_data_number": .null,
        "product": .string(snp.product.rawValue), "reported": levels(snp.tcb.reported),
        "committed": levels(snp.tcb.committed), "launch": levels(snp.tcb.launch),
        "platform_info": bits(snp.platformInfo.raw), "mit_vector": snp.currentMitigations.map(bits) ?? .null,
      ]
    case .tdx(let tdx):
      [
        "status": .string(tdx.tcb.status.rawValue), "svn": hex(tdx.report.teeTCBSVN),
        "advisories": .strings(tdx.tcb.advisoryIDs), "eval_data_number": .int(tdx.tcb.evaluationNumber),
        "date": tdx.tcb.date.map { .string($0.rfc3339) } ?? .null, "fmspc": hex(tdx.platform.fmspc),
        "platform_info": .null, "mit_vector": .null, "td_attributes": bits(tdx.report.attributes.raw),
      ]
    }
  }

  private func levels(_ tcb: TCBVersion.Components) -> JSONValue {
    var object = JSONObject([
      ("bootloader", .int(tcb.bootLoader)), ("tee", .int(tcb.tee)), ("snp", .int(tcb.snp)),
      ("microcode", .int(tcb.microcode)),
    ])
    if let fmc = tcb.fmc { object["fmc"] = .int(fmc) }
    return .object(object)
  }

  private func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
  private func hex(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encode(bytes)) }
  private func bits(_ value: UInt64) -> JSONValue { .string("0x" + String(value, radix: 16)) }
}
