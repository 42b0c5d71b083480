import Bytes
import Evidence
import Glibc
import Terminal
import Verification

/// The options that the verbs on evidence share, read and checked.
struct EvidenceOptions {
  static let evidence = Option("--evidence", value: "FILE|-", "quote or report, raw, hex, base64 or KBS JSON")
  static let tee = Option("--tee", value: "auto|snp|…", "the technology; auto recognises it by structure")
  static let collateral = Option(
    "--collateral", value: "DIR", repeats: true, "what the vendor signed, recognised by content")
  static let anchors = Option(
    "--anchors", value: "FILE", repeats: true, "further roots, for simulated evidence; the result says so")
  static let at = Option("--at", value: "RFC3339", "the time to judge at; default: now")
  static let reportData = Option("--report-data", value: "HEX", "expected report data: 64 bytes, or fewer and zeros")
  static let skipCheck = Option("--skip-check", value: "NAME", repeats: true, "leave a check out; the result lists it")

  private static let limitBytes = 4 << 20

  /// The evidence, or why the file is none.
  static func parseEvidence(
    _ arguments: Arguments
  ) throws(Failure) -> (tee: TEE?, result: Result<UnverifiedEvidence, EvidenceError>) {
    try parseEvidence(try evidenceBytes(arguments), arguments)
  }

  static func evidenceBytes(_ arguments: Arguments) throws(Failure) -> [UInt8] {
    try Console.readFile(try arguments.required("--evidence"), limit: limitBytes)
  }

  static func parseEvidence(
    _ bytes: [UInt8], _ arguments: Arguments
  ) throws(Failure) -> (tee: TEE?, result: Result<UnverifiedEvidence, EvidenceError>) {
    let tee = try tee(arguments)
    do throws(EvidenceError) {
      let evidence = try UnverifiedEvidence.parse(bytes: bytes, tee: tee)
      return (evidence.tee, .success(evidence))
    } catch { return (tee ?? error.tee, .failure(error)) }
  }

  private static func tee(_ arguments: Arguments) throws(Failure) -> TEE? {
    guard let name = arguments.value("--tee"), name != "auto" else { return nil }
    guard let tee = TEE(wireName: name) else {
      throw Failure(
        .usage, "evidence: --tee takes auto or one of \(TEE.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return tee
  }

  static func time(_ arguments: Arguments) throws(Failure) -> Timestamp {
    guard let text = arguments.value("--at") else {
      var clock = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &clock)
      return Timestamp(seconds: Int64(clock.tv_sec))
    }
    guard let time = try? Timestamp(rfc3339: text) else {
      throw Failure(.usage, "evidence: --at takes a time such as 2026-01-02T03:04:05Z")
    }
    return time
  }

  static func anchors(_ arguments: Arguments) throws(Failure) -> Anchors {
    var anchors = Anchors.builtIn
    for path in arguments.values("--anchors") {
      let bytes = try Console.readFile(path, limit: 1 << 20)
      do throws(ParseError) {
        anchors = anchors.adding(try Anchors.parseFile(bytes))
      } catch { throw Failure(.malformed, "\(path) is no anchors file: \(error)") }
    }
    return anchors
  }

  /// 64 bytes; 48 are followed by zeros.
  static func reportData(_ arguments: Arguments) throws(Failure) -> [UInt8]? {
    guard let text = arguments.value("--report-data") else { return nil }
    guard let bytes = try? Hex.decode(text, "report-data"), [32, 48, 64].contains(bytes.count) else {
      throw Failure(.usage, "evidence: --report-data takes 32, 48 or 64 bytes in hexadecimal")
    }
    return Binding(runtimeDigest: bytes).reportData
  }

  static func skippedChecks(_ arguments: Arguments) throws(Failure) -> Set<CheckName> {
    var names = Set<CheckName>()
    for text in arguments.values("--skip-check").flatMap({ $0.split(separator: ",").map(String.init) }) {
      guard let name = CheckName(rawValue: text), name.isSkippable else {
        let known = CheckName.allCases.filter(\.isSkippable).map(\.rawValue).joined(separator: ", ")
        throw Failure(.usage, "evidence: --skip-check takes one of \(known)")
      }
      names.insert(name)
    }
    return names
  }
}

extension EvidenceError {
  /// The technology of evidence that was recognised and not read.
  var tee: TEE? { if case .unsupportedTEE(let tee) = self { tee } else { nil } }
}
