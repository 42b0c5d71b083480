/// The names of trusted execution environments on the wire, as the peer claims them. Unverified: the evidence decides.
///
/// Spec: kbs-protocol §1.5, the enum of kbs-types; matched case by case, plus the names that releases v0.14 and v0.15 sent
/// for Azure. A name here does not mean that its evidence can be verified.
package enum TEEName: String, Sendable, CaseIterable {
  case azSnpVtpm = "az-snp-vtpm"
  case azTdxVtpm = "az-tdx-vtpm"
  case sgx
  case snp
  case tdx
  case cca
  case csv
  case se
  case hygondcu
  case tpm
  case nvidia
  case sample
  case sampleDevice = "sampledevice"

  static var knownList: String { allCases.map(\.rawValue).joined(separator: ", ") }

  package init(parsing text: String) throws(KBSProtocolError) {
    switch text {
    case "azsnpvtpm": self = .azSnpVtpm
    case "aztdxvtpm": self = .azTdxVtpm
    default:
      guard let name = TEEName(rawValue: text) else { throw .unsupportedTEE }
      self = name
    }
  }

  /// A platform that proves nothing: guests without a TEE fall back to these names silently.
  package var isSample: Bool { self == .sample || self == .sampleDevice }
}
