import Appraisal
import Bytes
import Terminal

/// The verbs of `vouchsafe reference`: what may have keys, by signed statement.
let referenceCommands: [Command] = [
  Command(
    "reference propose", arguments: "FILE.json",
    "make a statement of a bundle, a rule, a quorum or a table of advisories, for approvers to sign",
    options: [
      ReferenceOptions.out, ReferenceOptions.notAfter,
      Option("--version", value: "N", "the statement's version, without asking a broker"),
      Option("--prev", value: "HEX", "with --version: the digest of the statement before it"),
      Option("--break-glass", "the quorum is of those who may break the glass"),
    ] + ClientSettings.options,
    example: "vouchsafe reference propose llama.json --out llama.note --state /var/lib/vouchsafe",
    run: { try await ReferencePropose.run($0) }),
  Command(
    "reference sign", arguments: "NOTE", "show what a statement changes, and sign it",
    options: [
      Option("--key", value: "FILE", "the approver's key (vouchsafe key create --purpose approver)"),
      Option("--yes", "sign without asking"),
    ] + ClientSettings.options,
    example: "vouchsafe reference sign llama.note --key ana.key",
    run: { try await ReferenceSign.run($0) }),
  Command(
    "reference submit", arguments: "NOTE", "bring a signed statement into force",
    options: ClientSettings.options + [.output],
    example: "vouchsafe reference submit llama.note --state /var/lib/vouchsafe",
    run: { try await ReferenceSubmit.run($0) }),
  Command(
    "reference revoke", arguments: "SCOPE",
    "stop releases at once: \(RevocationScope.forms.joined(separator: ", "))",
    options: [
      Option("--key", value: "FILE", "an approver's key: one signature is enough"),
      Option("--reason", value: "TEXT", "for the log"), ReferenceOptions.notAfter,
    ] + ClientSettings.options + [.output],
    example: "vouchsafe reference revoke bundle/llama --reason 'image withdrawn' --key ana.key",
    run: { try await ReferenceRevoke.revoke($0) }),
  Command(
    "reference unrevoke", arguments: "SCOPE", "make a statement that takes a revocation back, for the quorum to sign",
    options: [ReferenceOptions.out, Option("--reason", value: "TEXT", "for the log"), ReferenceOptions.notAfter]
      + ClientSettings.options,
    example: "vouchsafe reference unrevoke bundle/llama --reason 'image rebuilt' --out pardon.note",
    run: { try await ReferenceRevoke.unrevoke($0) }),
  Command(
    "reference break-glass", arguments: "PATH",
    "in an emergency: make a statement that gives one key to one measurement for a few hours",
    options: [
      ReferenceOptions.out,
      Option("--measurement", value: "HEX", "48 bytes: the launch digest; for TDX the SHA-384 of MRTD and registers"),
      Option("--host-data", value: "HEX", "the init-data digest in hardware, when it is another than the bundle's"),
      Option("--decision", value: "ID", "take both from the refusal of the pod that is to be let in"),
      Option("--reason", value: "TEXT", "for the log"),
      Option("--hours", value: "N", "how long, from 1 to 4 (default 1)"),
    ] + ClientSettings.options,
    example:
      "vouchsafe reference break-glass models/llama/key --decision 41 --reason 'registry lost' --out emergency.note",
    run: { try await ReferenceBreakGlass.run($0) }),
  Command(
    "reference list", "what is in force: bundles, rules, revocations and the quorum",
    options: ClientSettings.options + [.output],
    example: "vouchsafe reference list --state /var/lib/vouchsafe",
    run: { try await ReferenceList.list($0) }),
  Command(
    "reference show", arguments: "NAME", "print one bundle in force",
    options: ClientSettings.options + [.output],
    example: "vouchsafe reference show llama -o json",
    run: { try await ReferenceList.show($0) }),
]

/// Options and steps that the verbs share.
enum ReferenceOptions {
  static let out = Option("--out", value: "FILE", "where the statement goes")
  static let notAfter = Option(
    "--not-after", value: "TIME", "when the statement can no longer be submitted (default: in seven days)")

  static func notAfter(_ arguments: Arguments, now: Timestamp) throws(Failure) -> Timestamp {
    guard let text = arguments.value("--not-after") else { return now.adding(.seconds(7 * 86_400)) }
    do throws(ParseError) {
      return try Timestamp(rfc3339: text)
    } catch { throw Failure(.usage, "--not-after \(text): not a time such as 2026-09-01T00:00:00Z") }
  }

  static func readStatement(_ path: String) throws(Failure) -> SignedStatement {
    let bytes = try Console.readFile(path, limit: 1 << 17)
    do throws(StatementError) {
      return try SignedStatement(parsing: bytes)
    } catch { throw Failure(error == .bodyMismatch ? .invalid : .malformed, "\(path): \(error)") }
  }

  static func encode(_ statement: ReferenceStatement, with signer: KeyFile? = nil) throws(Failure) -> [UInt8] {
    do {
      _ = try StatementContent(of: statement)
      var signed = try SignedStatement(proposing: statement)
      if let signer { try signed.sign(with: try signer.signer()) }
      // What others will read must be readable, and short enough.
      return try SignedStatement(parsing: signed.bytes).bytes
    } catch let error as StatementError {
      throw Failure(.malformed, "\(error)")
    } catch { throw Failure(.malformed, "the key's name cannot sign") }
  }

  static func approverKey(_ path: String) throws(Failure) -> KeyFile {
    let file = try KeyFile(reading: path)
    guard file.purpose == .approver else {
      throw Failure(.usage, "\(path): a key of purpose \(file.purpose.rawValue); an approver's is needed")
    }
    return file
  }
}
