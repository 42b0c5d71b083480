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
  /// Blocks that are not as the manifest says; only when asked to go on.
  private(set) var mismatches: [MeasurementMismatch] = []

  /// Index of the first video decoder's measurement.
  private static let decoderIndex = 35

  /// - Parameter manifests: of the driver and of the firmware, or of a switch's firmware alone.
  /// - Parameter isRecording: what differs is written down; else the first of it is thrown.
  /// - Throws: the first thing that differs, by its index.
  init(
    _ report: DeviceReport, _ manifests: [ProvedManifest], place: String, isRecording: Bool = false
  ) throws(Refusal) {
    var seen = Set<Int>()
    for proved in manifests {
      for (index, golden) in proved.manifest.active.sorted(by: { $0.key < $1.key }) {
        func refusal(_ code: Refusal.Code, got: String? = nil, wanted: String) -> Refusal {
          Refusal(code, Self.field(index, place), got: got, wanted: wanted, genuine: true)
        }
        guard seen.insert(index).inserted else {
          throw refusal(.measurementConflict, got: "in two manifests", wanted: "in one")
        }
        if try Self.isOff(index, report, place) {
          passedOver.append(index)
          continue
        }
        guard index < report.measurements.count else {
          throw refusal(.measurementMissing, wanted: Hex.encode(golden[0]))
        }
        if golden.contains(report.measurements[index]) {
          matched += 1
          continue
        }
        let mismatch = MeasurementMismatch(
          manifest: proved.digest, index: index, got: report.measurements[index], wanted: golden[0])
        guard isRecording else { throw mismatch.refusal(Self.field(index, place)) }
        mismatches.append(mismatch)
      }
    }
    unreferenced = report.measurements.indices.filter { index in
      !seen.contains(index) && report.measurements[index].contains { $0 != 0 }
    }
  }

  private static func field(_ index: Int, _ place: String) -> String { "\(place).measurement[\(index)]" }

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

/// A measurement that is not what NVIDIA says it should be.
package struct MeasurementMismatch: Sendable, Equatable {
  /// SHA-256 of the manifest that names another.
  package let manifest: [UInt8]
  /// Of the manifest: one less than the block's.
  package let index: Int
  package let got: [UInt8]
  /// The first that the manifest permits.
  package let wanted: [UInt8]

  func refusal(_ field: String) -> Refusal {
    Refusal(.measurementMismatch, field, got: Hex.encode(got), wanted: Hex.encode(wanted), genuine: true)
  }
}
