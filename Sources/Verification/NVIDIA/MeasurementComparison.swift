import Bytes
import Evidence

/// What a device measured beside what NVIDIA says it should, block by block.
struct MeasurementComparison: Sendable, Equatable {
  /// Blocks that a manifest names, and that are as it says.
  private(set) var matched = 0
  /// Blocks of nothing that is there: the first video decoder where it is off.
  private(set) var passedOver: [Int] = []
  /// Blocks that no manifest speaks of and that are not zero.
  private(set) var unreferenced: [Int] = []

  /// Index of the first video decoder's measurement.
  private static let decoderIndex = 35

  /// - Parameter manifests: of the driver and of the firmware, or of a switch's firmware alone.
  /// - Throws: the first thing that differs, by its index.
  init(_ report: DeviceReport, _ manifests: [ReferenceManifest], place: String) throws(Refusal) {
    var seen = Set<Int>()
    for manifest in manifests {
      for (index, golden) in manifest.active.sorted(by: { $0.key < $1.key }) {
        let field = "\(place).measurement[\(index)]"
        guard seen.insert(index).inserted else {
          throw Refusal(.measurementConflict, field, got: "in two manifests", wanted: "in one", genuine: true)
        }
        if try Self.isOff(index, report, place) {
          passedOver.append(index)
          continue
        }
        guard index < report.measurements.count else {
          throw Refusal(.measurementMissing, field, wanted: Hex.encode(golden[0]), genuine: true)
        }
        guard golden.contains(report.measurements[index]) else {
          throw Refusal(
            .measurementMismatch, field, got: Hex.encode(report.measurements[index]), wanted: Hex.encode(golden[0]),
            genuine: true)
        }
        matched += 1
      }
    }
    unreferenced = report.measurements.indices.filter { index in
      !seen.contains(index) && report.measurements[index].contains { $0 != 0 }
    }
  }

  private static func isOff(_ index: Int, _ report: DeviceReport, _ place: String) throws(Refusal) -> Bool {
    guard index == decoderIndex else { return false }
    switch report.opaque.decoder {
    case .disabled: return true
    case .enabled, .absent: return false
    case .unknown(let value):
      throw Refusal(
        .decoderStateUnknown, "\(place).decoder", got: Hex.encode([value]), wanted: "aa or 55", genuine: true)
    }
  }
}
