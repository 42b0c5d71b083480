import Glibc
import Platform
import Terminal

/// The verbs of `vouchsafe broker`: what people ask the broker's own program, which lies beside this one.
let brokerCommands: [Command] = [
  Command(
    "broker check-config", arguments: "FILE",
    "read a broker's configuration and the files it names, and say what is wrong",
    example: "vouchsafe broker check-config broker.json",
    run: { try BrokerProgram.checkConfiguration($0) })
]

enum BrokerProgram {
  static func checkConfiguration(_ arguments: Arguments) throws(Failure) -> ExitCode {
    let file = try arguments.one(of: "FILE")
    let program = beside("vouchsafe-broker")
    let words = [program, "check-config", file]
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    // Takes this process's place; nothing of it is left to clean up.
    unsafe execv(program, &pointers)
    throw Failure(.usage, "cannot run \(program), which reads broker configurations: \(Console.systemMessage())")
  }

  /// A program in the folder of this one.
  private static func beside(_ name: String) -> String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &path, path.count)
    let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "\(own.lastIndex(of: "/").map { String(own[...$0]) } ?? "")\(name)"
  }
}
