import Bytes
import Glibc
import SimulatedTEE
import Terminal

/// GPUs made as the options say.
extension Simulator {
  /// Also writes what their vendor says about them where asked to; `nil` where none is asked for.
  static func gpus(_ arguments: Arguments) throws -> SimulatedGPUSet? {
    let isMachine = arguments.flag("--gpu-switches")
    guard let count = try arguments.integer("--gpus", in: 1...8) ?? (isMachine ? 8 : nil) else {
      guard arguments.value("--gpu-fault") == nil else { throw Failure(.usage, "--gpu-fault needs --gpus") }
      return nil
    }
    guard !isMachine || count == 8 else { throw Failure(.usage, "--gpu-switches is for eight GPUs") }
    let (keys, date) = (try keys(arguments).nvidia, try issueDate(arguments))
    var set =
      isMachine
      ? SimulatedGPUSet.protectedMachine(issuedAt: date, keys: keys)
      : SimulatedGPUSet(count: count, issuedAt: date, keys: keys)
    if let name = arguments.value("--gpu-fault") {
      guard let fault = SimulatedGPUSet.Fault(rawValue: name) else {
        let names = SimulatedGPUSet.Fault.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(.usage, "--gpu-fault is one of \(names)")
      }
      set.apply(fault, now: Timestamp(seconds: Int64(time(nil))))
    }
    if let folder = arguments.value("--collateral") { try write(set.files, folder) }
    return set
  }
}
