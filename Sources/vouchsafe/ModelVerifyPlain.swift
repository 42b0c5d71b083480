import Bytes
import ModelSigning
import Terminal
import Weights

/// `vouchsafe model verify` on plain files, as their publisher signed them.
enum ModelVerifyPlain {
  static func run(_ arguments: Arguments, _ signature: PublisherSignature) throws -> ExitCode {
    let source = PlainFiles.trimmed(try arguments.one(of: "SEALED"))
    guard arguments.value("--key-file") == nil else {
      throw Failure(.usage, "model verify: --key-file goes with --verify-key, for a sealed model")
    }
    let format = try arguments.output()
    let width = try ModelOptions.threads(arguments)
    let inputs = try PlainFiles.inputs(source)
    let signed = inputs.filter { !signature.passesOver($0.path, in: source) }
    let total = signed.reduce(0) { $0 + $1.file.byteCount }
    let progress = ModelProgress("verify", totalBytes: total, quiet: arguments.isQuiet)
    defer { progress.finish() }
    let digests = try modelStep(source) { () throws(WeightsError) in
      try FileDigests.sha256(of: signed, width: width, progress: { progress.add($0) })
    }
    try signature.check(zip(signed, digests).map { SignedModel.File(path: $0.path, sha256: $1) }, of: source)
    switch format {
    case .json:
      Console.json(
        .object([
          ("verdict", "verified"), ("files", .int(signed.count)), ("bytes", .int(total)),
          ("passedOver", .int(inputs.count - signed.count)), ("signature", signature.record.json),
        ]))
    case .text:
      let noun = signed.count == 1 ? "file is" : "files are"
      Console.line("\(source): \(signed.count) \(noun) as signed by \(signature.signerText)")
    }
    return .ok
  }
}
