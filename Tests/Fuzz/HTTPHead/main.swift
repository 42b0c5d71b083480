import FuzzDriver
import Transport

// A head is the same whatever follows it, is not complete a byte earlier, and its path has nothing left to resolve.
fuzz { input in
  guard case .complete(let head) = HTTPHead.parse(input) else { return }
  let own = Array(input[..<head.byteCount])
  precondition(HTTPHead.parse(own) == .complete(head), "what follows the head changes it")
  precondition(HTTPHead.parse(own.dropLast()) == .incomplete, "complete before its end")
  precondition(!head.target.segments.contains { [".", ".."].contains($0) }, "a path with steps in it")
  precondition(!head.target.segments.dropLast().contains(""), "a path with an empty step")
  precondition(!head.target.path.utf8.contains { $0 < 0x20 || $0 == 0x5C || $0 == 0x7F }, "a path with control bytes")
  precondition(head.contentLength >= 0, "a negative length")
}
