import Glibc
import Testing

@testable import Platform

@Suite(.serialized) struct ChildProcessTests {
  /// Runs a shell line and gives its status and what it printed.
  private func shell(
    _ line: String, _ environment: [String: String] = ["PATH": "/usr/bin:/bin"], directory: String? = nil
  ) throws -> (status: Int32?, output: String) {
    try outcome { output in
      ChildPlan(
        path: "/bin/sh", arguments: ["-c", line], environment: environment, directory: directory, output: output,
        error: output)
    }
  }

  @Test func theEnvironmentIsTheListAndNothingElse() throws {
    unsafe setenv("VOUCHSAFE_TEST_LEAK", "leak", 1)
    defer { unsafe unsetenv("VOUCHSAFE_TEST_LEAK") }
    let result = try shell("exec /usr/bin/env", ["ONLY": "this"])
    #expect(result.output.split(separator: "\n").filter { !$0.hasPrefix("PWD=") } == ["ONLY=this"])
  }

  @Test func theChildHasNoPrivilegesAndNoCores() throws {
    let output = try shell("cat /proc/self/status; ulimit -c; ulimit -H -c").output
    for line in [
      "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapInh:\t0000000000000000",
      "CapAmb:\t0000000000000000", "SigBlk:\t0000000000000000",
    ] { #expect(output.contains(line)) }
    #expect(output.hasSuffix("\n0\n0\n"))
  }

  @Test func noDescriptorOfOursReachesTheChild() throws {
    let leak = unsafe open("/etc/passwd", O_RDONLY)
    defer { close(leak) }
    let output = try shell("ls /proc/self/fd").output
    #expect(output.split(separator: "\n").map(String.init) == ["0", "1", "2", "3"])  // 3 is ls's own
  }

  @Test func standardInputIsEmptyUnlessGiven() throws {
    #expect(try shell("wc -c; readlink /proc/self/fd/0").output == "0\n/dev/null\n")
  }

  @Test func theChildLeadsItsOwnSessionAndGroup() throws {
    let fields = try shell("echo $$; cut -d' ' -f5,6 /proc/$$/stat").output.split(whereSeparator: \.isWhitespace)
    #expect(fields.count == 3 && fields[0] == fields[1] && fields[1] == fields[2])
  }

  @Test func statusesAreToldAsAShellTellsThem() throws {
    #expect(try shell("exit 7").status == 7)
    #expect(try shell("kill -9 $$").status == 137)
    #expect(try shell("pwd", directory: "/dev").output == "/dev\n")
  }

  @Test(arguments: [("/nonexistent/program", ENOENT), ("/etc/passwd", EACCES), ("/bin", EACCES)])
  func aProgramThatCannotStartIsAnErrorHere(_ path: String, _ number: Int32) {
    #expect(throws: PlatformError.system(.startProcess, errno: number)) {
      try ChildProcess.start(ChildPlan(path: path))
    }
  }

  @Test func aSignalReachesTheWholeGroup() throws {
    var ends: [Int32] = [0, 0]
    unsafe pipe(&ends)
    let child = try ChildProcess.start(
      ChildPlan(path: "/bin/sh", arguments: ["-c", "sleep 60 & echo $!; wait"], output: ends[1]))
    close(ends[1])
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = unsafe read(ends[0], &buffer, buffer.count)
    let worker = try #require(Int32(String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self)))
    child.signal(SIGTERM)
    #expect(try child.wait(milliseconds: 10_000) == 143)
    // The worker held the pipe: its end is the pipe's.
    #expect(unsafe read(ends[0], &buffer, buffer.count) == 0)
    #expect(worker > 0)
    close(ends[0])
  }

  @Test func waitingEndsWhenTheTimeIsOver() throws {
    let child = try ChildProcess.start(ChildPlan(path: "/bin/sleep", arguments: ["60"]))
    #expect(try child.wait(milliseconds: 10) == nil)
    child.signal(SIGKILL)
    #expect(try child.wait(milliseconds: 10_000) == 137)
  }

  @Test func anIgnoredOrBlockedSignalOfOursIsDefaultInTheChild() throws {
    signal(SIGPIPE, SIG_IGN)
    let output = try shell("grep SigIgn /proc/self/status").output
    // The C library keeps signals 32 and 33 to itself; the rest must be at default.
    let ignored = UInt64(output.split(whereSeparator: \.isWhitespace).last ?? "", radix: 16)
    #expect(ignored.map { $0 & ~0x1_8000_0000 } == 0)
  }
}
