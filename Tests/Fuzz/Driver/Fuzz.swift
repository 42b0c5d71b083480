import CFuzz
import Glibc

/// What is done with each input; set once, before libFuzzer's single thread starts.
nonisolated(unsafe) private var target: ([UInt8]) -> Void = { _ in }

/// Hands `body` one input after another until libFuzzer's limits are reached, and never returns.
///
/// `body` shows a fault by trapping (`precondition`); a refusal of the input is not one.
package func fuzz(_ body: @escaping ([UInt8]) -> Void) -> Never {
  unsafe target = body
  var count = CommandLine.argc
  var words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
  let status = unsafe LLVMFuzzerRunDriver(&count, &words) { bytes, count in
    unsafe target(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }
  exit(status)
}
