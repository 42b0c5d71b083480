import Bytes
import Collateral
import Evidence
import SimulatedTEE
import SimulatedVendors
import Verification

/// Vendors' answers without a network.
struct Answers {
  static let issued = Timestamp(seconds: 1_790_000_000)
  static let now = issued.adding(.seconds(86_400))
  static let fmspc = SimulatedPlatform().fmspc
  static let tcbInfo = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: fmspc)
  static let chip = (0..<64).map { UInt8(0xC0 + $0 % 16) }
  static let tcb = TCBVersion.Components(fmc: nil, bootLoader: 4, tee: 0, snp: 24, microcode: 219)
  static let vcek = CollateralKey.amdVCEK(.milan, chipID: chip, tcb: tcb)

  static let all: [CollateralKey] = [
    tcbInfo, .intelQEIdentity(tee: .tdx), .intelPCKRevocationList(.platform), .intelPCKRevocationList(.processor),
    .intelRootRevocationList, .amdCertificateChain(.milan, .vcek), .amdCertificateChain(.milan, .vlek), vcek,
    .amdRevocationList(.milan, .vcek),
  ]

  static let anchors: Anchors = {
    let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
    return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
  }()

  var vendors = SimulatedVendors(issuedAt: Self.issued)
  var endpoints = VendorEndpoints.vendors

  func request(_ key: CollateralKey) -> VendorRequest { endpoints.request(for: key) }

  func response(_ key: CollateralKey, edit: (inout VendorReply) -> Void = { _ in }) -> VendorResponse {
    let target = request(key).url.split(separator: "/").dropFirst(2).joined(separator: "/")
    var reply = vendors.reply("/" + target)
    edit(&reply)
    return VendorResponse(
      status: reply.status, headers: reply.headers.map { (name: $0.name.lowercased(), value: $0.value) },
      body: reply.body)
  }

  func record(_ key: CollateralKey) throws -> CollateralRecord {
    try response(key).record(for: request(key), at: Self.now)
  }

  /// Everything, proved.
  static func fullShelf() throws -> CollateralShelf {
    var shelf = CollateralShelf(anchors: anchors)
    for key in all { try shelf.take(try Answers().record(key), at: now) }
    return shelf
  }
}
