import Bytes
import Cryptography
import SignedNotes
import Terminal
import Weights

/// `vouchsafe model inspect`.
enum ModelInspect {
  static func run(_ arguments: Arguments) throws -> ExitCode {
    let sealed = try SealedModel(try arguments.one(of: "SEALED"), arguments)
    let format = try arguments.output()
    let bytes = try sealed.manifest()
    let manifest = try modelStep("\(sealed.path)/manifest.json") { () throws(WeightsError) in
      try Manifest(parsing: bytes)
    }
    let signers = (try? SignedNote(parsing: try sealed.note()))?.signatures.map(\.name) ?? []
    switch format {
    case .json: Console.json(json(manifest, signers))
    case .text: Console.out(text(manifest, signers))
    }
    return .ok
  }

  private static func json(_ manifest: Manifest, _ signers: [String]) -> JSONValue {
    // The manifest's own text, which was just read, and what is not in it.
    let document = (try? StrictJSON.parse(manifest.bytes, limits: .evidence)) ?? .null
    return .object([
      ("manifestSha256", .string(Hex.encode(Hash.sha256.digest(manifest.bytes)))),
      ("claimedSigners", .strings(signers)), ("signatureChecked", false), ("bytes", .int(manifest.totalSize)),
      ("manifest", document),
    ])
  }

  private static func text(_ manifest: Manifest, _ signers: [String]) -> String {
    var lines = [
      "model     \(manifest.identity.model) \(manifest.identity.version)",
      "manifest  \(Hex.encode(Hash.sha256.digest(manifest.bytes)))",
      "signers   \(signers.isEmpty ? "none" : signers.joined(separator: ", ")) (claimed; not checked)",
      "code      \(manifest.allowCode ? "ALLOWED" : "not allowed")",
    ]
    if let source = manifest.source { lines += text(source) }
    if let base = manifest.base {
      lines.append("base      \(base.identity.model) \(base.identity.version) \(Hex.encode(base.manifestSHA256))")
    }
    lines.append("files     \(manifest.files.count), \(manifest.totalSize) bytes")
    lines += manifest.files.map { "  \($0.role.rawValue)  \($0.size)  \($0.path)" }
    return Console.printable(lines.joined(separator: "\n") + "\n")
  }

  private static func text(_ source: ModelSource) -> [String] {
    var lines = ["source    \(source.repository) \(source.revision)"]
    if let signature = source.signature {
      let signer = signature.subject ?? "key \(Hex.encode(signature.keySHA256))"
      lines.append("published \(Hex.encode(signature.modelSHA256)), signed by \(signer)")
    }
    return lines + source.provenance.map { "document  \(Hex.encode($0.sha256)) \($0.name)" }
  }
}
