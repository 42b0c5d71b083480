/// The technologies of the KBS protocol by their exact wire names. Naming one says nothing about support.
///
/// Spec: CoCo KBS protocol, `tee` of the request.
package enum TEE: String, Sendable, Hashable, CaseIterable {
  case snp
  case tdx
  case azSNPvTPM = "az-snp-vtpm"
  case azTDXvTPM = "az-tdx-vtpm"
  case sgx
  case cca
  case csv
  case se
  case hygonDCU = "hygondcu"
  case tpm
  case nvidia
  case sample
  case sampleDevice = "sampledevice"

  /// Reads a wire name, case-sensitively, with the two spellings of older guests.
  package init?(wireName: String) {
    switch wireName {
    case "azsnpvtpm": self = .azSNPvTPM
    case "aztdxvtpm": self = .azTDXvTPM
    default: self.init(rawValue: wireName)
    }
  }

  /// Evidence of these is made up by the guest without any hardware.
  package var isSample: Bool { self == .sample || self == .sampleDevice }
}
