import Bytes
import Terminal
import TransparencyLog

/// `vouchsafe audit proof`: a proof file, checked with nothing but the log's key.
enum AuditProof {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    let path = try arguments.one(of: "FILE")
    let format = try arguments.output()
    let key = try AuditOptions.key(arguments)
    let policy = try AuditOptions.policy(arguments)
    let bytes = try Console.readFile(path, limit: TlogProof.limitBytes)
    let proof: TlogProof
    do throws(LogError) { proof = try TlogProof(parsing: bytes) } catch {
      throw Failure(.malformed, "\(path): not a tlog-proof (\(error.code))")
    }
    do throws(LogError) {
      let (entry, signed) = try proof.verify(by: key, policy: policy)
      if format == .text {
        Console.line(Console.printable("entry \(proof.index) of \(signed.size) in \(signed.checkpoint.origin)"))
      }
      let more: [(String, JSONValue)] = [
        ("origin", .string(signed.checkpoint.origin)), ("size", .int(signed.size)),
        ("witnesses", .strings(signed.witnesses.sorted())),
      ]
      AuditShow.show(entry, proof.index, format, more)
    } catch {
      throw Failure(.integrity, "\(path): does not show an entry of this log (\(error.code))")
    }
    return .ok
  }
}
