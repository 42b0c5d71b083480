package import Evidence

/// How NVIDIA's service names a reference manifest: a driver of a chip, or the firmware of a board or a switch.
///
/// Shape: `NV_GPU_DRIVER_GH100_550.90.07`, `NV_GPU_CC_DRIVER_GB100_…`, `NV_GPU_VBIOS_1010_0200_882_96009F0001` (project,
/// its SKU, the chip's SKU, the version without its dots), `NV_SWITCH_BIOS_5612_0002_890_…`.
package struct ManifestID: Hashable, Sendable {
  static let limit = 96
  private static let switchBoard = "NV_SWITCH_BIOS_5612_0002_890"

  package let text: String

  /// `nil` for what cannot stand in a path: an id is made of what a device said.
  package init?(_ text: String) {
    guard (4...Self.limit).contains(text.utf8.count), text.hasPrefix("NV_"), !text.contains(".."),
      text.utf8.allSatisfy(Self.isPermitted)
    else { return nil }
    self.text = text
  }

  private static func isPermitted(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// The id of a manifest that says this of itself; `nil` for a board's firmware, whose manifest does not name the board.
  init?(product: String, edition: String, version: String) {
    switch edition {
    case "SWITCH": self.init("\(Self.switchBoard)_\(Self.packed(version))")
    case "GPU" where version.split(separator: ".").count <= 3: self.init("\(Self.driver(product))_\(version)")
    default: return nil
    }
  }

  /// Whether a manifest that says this of itself is the one.
  func names(product: String, edition: String, version: String) -> Bool {
    let words = text.split(separator: "_").map(String.init)
    switch edition {
    case "GPU" where text.hasPrefix("NV_GPU_VBIOS_"): return words.count == 7 && words[6] == Self.packed(version)
    case "GPU": return text.uppercased() == "\(Self.driver(product))_\(version)".uppercased()
    case "SWITCH": return text == "\(Self.switchBoard)_\(Self.packed(version))"
    default: return false
    }
  }

  /// What a device's report needs.
  package static func wanted(by device: DeviceEvidence) -> [ManifestID] {
    let opaque = device.report.opaque
    guard let firmware = opaque.firmwareVersion else { return [] }
    guard let driver = opaque.driverVersion else {
      return [ManifestID("\(switchBoard)_\(packed(firmware))")].compactMap { $0 }
    }
    let board = [opaque.project, opaque.projectSKU, opaque.chipSKU].compactMap { $0?.uppercased() }
    let chip = opaque.chipInfo.map { $0.hasPrefix("GB") ? $0 : "GH100" } ?? "GH100"
    let vbios = board.count == 3 ? ManifestID("NV_GPU_VBIOS_\(board.joined(separator: "_"))_\(packed(firmware))") : nil
    return [ManifestID("\(self.driver(chip))_\(driver)"), vbios].compactMap { $0 }
  }

  private static func driver(_ product: String) -> String {
    product.hasPrefix("GB") ? "NV_GPU_CC_DRIVER_\(product)" : "NV_GPU_DRIVER_\(product)"
  }

  private static func packed(_ version: String) -> String { version.uppercased().filter { $0 != "." } }
}
