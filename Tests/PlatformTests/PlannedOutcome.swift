import Glibc
import Platform

/// Starts what is planned for this descriptor as its output, and waits for its end: how it ended and what it wrote.
func outcome(of plan: (Int32) -> ChildPlan) throws -> (status: Int32?, output: String) {
  var ends: [Int32] = [0, 0]
  unsafe pipe(&ends)
  let child = try ChildProcess.start(plan(ends[1]))
  close(ends[1])
  var text: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = unsafe read(ends[0], &buffer, buffer.count), count > 0 { text += buffer[..<count] }
  close(ends[0])
  return (try child.wait(milliseconds: 10_000), String(decoding: text, as: UTF8.self))
}
