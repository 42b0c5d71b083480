package import Bytes
import Glibc

extension Timestamp {
  /// The machine's clock. In a confidential guest the host can set it: never the only ground of a decision.
  package static var now: Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
