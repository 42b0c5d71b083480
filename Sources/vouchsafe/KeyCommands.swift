import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import Platform
import SignedNotes
import Terminal

/// The verbs of `vouchsafe key`: signing keys of people, and the model keys that a broker keeps.
let keyCommands: [Command] = [
  Command(
    "key create", "make a signing key: OUT.key (private) and OUT.vkey (for those who verify)",
    options: [
      Option("--purpose", value: "approver|provider|witness|backup", "what the key may sign"),
      Option("--out", value: "NAME", "the files' name; its last part is the key's name"),
    ],
    example: "vouchsafe key create --purpose approver --out ana",
    run: { try KeyVerbs.create($0) }),
  Command(
    "key put", arguments: "PATH", "store a key at a broker, write-only, for the pods that match a bundle",
    options: [
      Option("--file", value: "FILE", "the key's bytes; - is standard input"),
      Option("--bundle", value: "NAME", "the reference bundle that a pod must match"),
    ] + ClientSettings.options + [.output],
    example: "vouchsafe key put models/llama/key --file llama.key --bundle llama",
    run: { try await KeyVerbs.put($0) }),
  Command(
    "key list", "which keys a broker keeps, without the keys",
    options: ClientSettings.options + [.output],
    example: "vouchsafe key list --state /var/lib/vouchsafe",
    run: { try await KeyVerbs.list($0) }),
  Command(
    "key revoke", arguments: "PATH", "stop a key from being released at once; the quorum alone can allow it again",
    options: [
      Option("--version", value: "N", "only this version of it: a new version may be released"),
      Option("--key", value: "FILE", "an approver's key: one signature is enough"),
      Option("--reason", value: "TEXT", "for the log"), ReferenceOptions.notAfter,
    ] + ClientSettings.options + [.output],
    example: "vouchsafe key revoke models/llama/key --version 3 --reason 'key leaked' --key ana.key",
    run: { try await KeyVerbs.revoke($0) }),
  Command(
    "key delete", arguments: "PATH", "make a broker forget a key",
    options: ClientSettings.options + [.output],
    example: "vouchsafe key delete models/llama/key",
    run: { try await KeyVerbs.delete($0) }),
]

enum KeyVerbs {
  private static let keyLimitBytes = 64 * 1024

  static func create(_ arguments: Arguments) throws -> ExitCode {
    _ = try arguments.positional()
    let purposes = KeyFile.Purpose.allCases.map(\.rawValue).joined(separator: ", ")
    guard let purpose = KeyFile.Purpose(rawValue: try arguments.required("--purpose")) else {
      throw Failure(.usage, "--purpose is one of \(purposes)")
    }
    let out = try arguments.required("--out")
    let name = out.split(separator: "/").last.map(String.init) ?? ""
    let file = KeyFile(purpose: purpose, name: name, key: .random())
    let vkey: NoteVerifierKey
    do throws(NoteError) {
      vkey = try file.verifierKey()
    } catch { throw Failure(.usage, "--out \(out): a key's name has no space and no +") }
    if purpose == .approver, (try? ApproverQuorum(threshold: 1, approvers: [vkey])) == nil {
      throw Failure(.usage, "--out \(out): an approver's name is of letters, digits, -, _ and .")
    }
    guard !SmallFile.exists("\(out).vkey") else { throw Failure(.usage, "\(out).vkey already exists") }
    try file.write(to: "\(out).key")
    try Console.writeFile("\(out).vkey", Array((vkey.text + "\n").utf8), mode: 0o644)
    Console.line(vkey.text)
    return .ok
  }

  static func put(_ arguments: Arguments) async throws -> ExitCode {
    let path = try resource(try arguments.one(of: "PATH"))
    let bundle = try arguments.required("--bundle")
    let file = try arguments.required("--file")
    guard bundle.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?&#%+".utf8.contains($0) }), !bundle.isEmpty else {
      throw Failure(.usage, "--bundle \(bundle): not a bundle's name")
    }
    let connection = try BrokerConnection(arguments)
    var bytes: [UInt8]
    do throws(PlatformError) {
      bytes = try SmallFile.read(file == "-" ? "/dev/stdin" : file, limitBytes: keyLimitBytes)
    } catch { throw Failure(.usage, "cannot read \(file): \(error)") }
    defer { _ = SecretBytes(erasing: &bytes) }
    guard !bytes.isEmpty else { throw Failure(.malformed, "\(file) is empty") }
    let answer = try await connection.put("/v1/keys/\(path.text)?bundle=\(bundle)", bytes)
    try report(answer, arguments) { "stored \(path) version \($0), for pods that match \(bundle)" }
    return .ok
  }

  static func list(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let answer = try await BrokerConnection(arguments).get("/v1/keys")
    guard try arguments.output() == .text else {
      Console.json(answer)
      return .ok
    }
    for row in answer["keys"]?.arrayValue ?? [] {
      let text = ["resource", "bundle", "time"].map { row[$0]?.stringValue ?? "?" }
      let version = row["version"]?.integer(UInt64.self).map { "\($0)" } ?? "?"
      Console.line(Console.printable("\(text[0]) version \(version), bundle \(text[1]), since \(text[2])"))
    }
    return .ok
  }

  static func delete(_ arguments: Arguments) async throws -> ExitCode {
    let path = try resource(try arguments.one(of: "PATH"))
    let answer = try await BrokerConnection(arguments).delete("/v1/keys/\(path.text)")
    try report(answer, arguments) { _ in "deleted \(path)" }
    return .ok
  }

  static func revoke(_ arguments: Arguments) async throws -> ExitCode {
    let path = try resource(try arguments.one(of: "PATH"))
    let version = try arguments.integer("--version", in: 1...Int.max)
    let file = try ReferenceOptions.approverKey(try arguments.required("--key"))
    let scope: RevocationScope = version.map { .resourceVersion(path, UInt64($0)) } ?? .resource(path)
    let statement = try await ReferenceRevoke.statement(.revoke, about: scope.text, arguments)
    try await ReferenceSubmit.submit(try ReferenceOptions.encode(statement, with: file), statement, arguments)
    return .ok
  }

  static func resource(_ text: String) throws(Failure) -> ResourcePath {
    do throws(KBSProtocolError) {
      return try ResourcePath(text)
    } catch { throw Failure(.usage, "\(text): a resource path is repository/type/tag") }
  }

  private static func report(
    _ answer: JSONValue, _ arguments: Arguments, _ line: (_ version: String) -> String
  ) throws(Failure) {
    guard try arguments.output() == .text else { return Console.json(answer) }
    let index = answer["index"]?.integer(UInt64.self).map { ", log index \($0)" } ?? ""
    Console.line(line(answer["version"]?.integer(UInt64.self).map { "\($0)" } ?? "?") + index)
  }
}
