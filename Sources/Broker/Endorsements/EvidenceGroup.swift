import Bytes
import Collateral
import Cryptography
import Evidence
import Verification

/// Evidence that the same artefacts speak of: a family of Intel's platforms, or one chip of AMD's. Unverified: a stranger
/// says which.
struct EvidenceGroup: Hashable, Sendable {
  private enum Kind: Hashable, Sendable {
    case intel(fmspc: [UInt8])
    case amd(chipID: [UInt8])
    case nvidia
  }

  enum Relation { case needed, stranger, foreign }

  private let kind: Kind
  /// What it takes beside what came along.
  let keys: [CollateralKey]

  init(_ evidence: UnverifiedEvidence) {
    keys = CollateralKey.wanted(by: evidence)
    switch evidence {
    case .tdx(let tdx): kind = .intel(fmspc: QuotedPlatform(tdx.quote)?.fmspc ?? [])
    case .snp(let snp): kind = .amd(chipID: snp.report.chipID)
    case .nvidia: kind = .nvidia
    }
  }

  /// What stands for all that `init` reads.
  static func digest(of evidence: UnverifiedEvidence) -> [UInt8] {
    switch evidence {
    case .tdx(let tdx): return ProvedPlatform.digest(of: tdx.quote)
    case .nvidia(let devices):
      var writer = ByteWriter()
      for device in devices.devices {
        let opaque = device.report.opaque
        for text in [
          opaque.driverVersion, opaque.firmwareVersion, opaque.project, opaque.projectSKU, opaque.chipSKU,
          opaque.chipInfo,
        ] {
          // Absent and empty are two answers.
          writer.append(byte: text == nil ? 0 : 1)
          writer.lengthPrefixed(Array((text ?? "").utf8))
        }
        writer.lengthPrefixed(device.certificateChain)
      }
      return Hash.sha256.digest(writer.bytes)
    case .snp(let snp):
      let report = snp.report
      var writer = ByteWriter()
      writer.lengthPrefixed(report.chipID)
      writer.bigEndian(report.reportedTCB.raw)
      writer.bigEndian(report.keyInfo)
      writer.bigEndian(report.version)
      writer.lengthPrefixed(report.cpu.map { [$0.family, $0.model, $0.stepping] } ?? [])
      for carried in snp.certificates { writer.lengthPrefixed(carried.der) }
      return Hash.sha256.digest(writer.bytes)
    }
  }

  /// The artefact is about this very family or chip.
  func isOwn(_ subject: CollateralSubject) -> Bool {
    switch (kind, subject) {
    case (.intel(let mine), .tcbInfo(_, let fmspc)): mine == fmspc
    case (.amd(let mine), .amdVCEK(_, let chipID, _)): !chipID.isEmpty && mine.starts(with: chipID)
    default: false
    }
  }

  /// It is about a certificate that the same authority issued to another device.
  private func isForeign(_ id: CertificateID) -> Bool {
    let own = keys.compactMap { if case .nvidiaAnswer(let own) = $0 { own } else { nil } }
    return !own.contains(id) && own.contains { $0.issuerKeyHash == id.issuerKeyHash }
  }

  func relation(to subject: CollateralSubject) -> Relation {
    switch (subject.vendor, kind) {
    case (.unknown, _): return .needed
    case (.intel, .intel), (.amd, .amd): break
    case (.nvidia, .nvidia): break
    case (.intel, _), (.amd, _), (.nvidia, _): return .foreign
    }
    switch subject {
    case .revocationAnswer(let id): return isForeign(id) ? .foreign : .needed
    case .tcbInfo, .amdVCEK: return isOwn(subject) ? .needed : .stranger
    default: return .needed
    }
  }
}

extension CollateralSubject {
  enum Vendor { case intel, amd, nvidia, unknown }

  var vendor: Vendor {
    switch self {
    case .tcbInfo, .enclaveIdentity, .malformedDocument, .intelRoot, .intelSigner, .intelAuthority, .intelPlatform,
      .intelRootRevocationList, .intelRevocationList:
      .intel
    case .amdRoot, .amdIntermediate, .amdVCEK, .amdVLEK, .amdRevocationList: .amd
    case .nvidiaManifest, .malformedManifest, .revocationAnswer: .nvidia
    case .otherCertificate, .otherRevocationList: .unknown
    }
  }

  /// A certificate of one platform.
  var isPlatform: Bool {
    switch self {
    case .amdVCEK, .amdVLEK, .intelPlatform: true
    default: false
    }
  }
}

extension CollateralKey {
  /// Names a certificate of one platform.
  var isPlatform: Bool { if case .amdVCEK = self { true } else { false } }

  /// What an artefact is about that answers this key; `nil` when that takes more than the key says.
  var subject: CollateralSubject? {
    switch self {
    case .intelTCBInfo(let tee, let fmspc): .tcbInfo(id: tee == .tdx ? "TDX" : "SGX", fmspc: fmspc)
    case .intelQEIdentity(let tee): .enclaveIdentity(id: tee == .tdx ? "TD_QE" : "QE")
    case .intelPCKRevocationList(let authority): .intelRevocationList(authority)
    case .intelRootRevocationList: .intelRootRevocationList
    case .amdCertificateChain(let product, let kind): .amdIntermediate(product, kind == .vcek ? .vcek : .vlek)
    case .amdVCEK(let product, let chipID, let tcb): .amdVCEK(product, chipID: chipID, tcb)
    case .amdRevocationList(let product, _): .amdRevocationList(product)
    case .nvidiaManifest: nil
    case .nvidiaAnswer(let id): .revocationAnswer(id)
    }
  }
}
