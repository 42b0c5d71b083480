package import Bytes

/// Why no measurement can be computed from what was given.
package enum MeasurementError: Error, Equatable, Sendable {
  /// A file is not what it should be, or contradicts itself.
  case malformed(ParseError)
  /// The firmware does not describe itself for this technology.
  case metadataMissing(String)
  /// A kernel is given, and the firmware keeps no place for its digests: its monitor would not measure it.
  case kernelNotMeasured
  case processorUnknown
  /// More than 512 virtual processors, or none.
  case processorCount

  package var code: String {
    switch self {
    case .malformed: "malformed"
    case .metadataMissing: "metadataMissing"
    case .kernelNotMeasured: "kernelNotMeasured"
    case .processorUnknown: "processorUnknown"
    case .processorCount: "processorCount"
    }
  }
}

extension MeasurementError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let error): "\(error)"
    case .metadataMissing(let what): "the firmware has no \(what)"
    case .kernelNotMeasured: "the firmware keeps no page for the digests of a kernel, so that no kernel is measured"
    case .processorUnknown: "no known processor: a QEMU name such as EPYC-Milan, or FAMILY/MODEL/STEPPING in decimal"
    case .processorCount: "the number of virtual processors is not from 1 to 512"
    }
  }
}
