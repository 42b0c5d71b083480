import Bytes
import Cryptography
import Platform
import SignedNotes
import Terminal
import Weights

/// `vouchsafe model seal`.
enum ModelSeal {
  static func run(_ arguments: Arguments) throws -> ExitCode {
    let places = try arguments.positional("SRC", "OUT")
    let (source, target) = (PlainFiles.trimmed(places[0]), PlainFiles.trimmed(places[1]))
    let identity = try identity(arguments)
    let provenance = try ModelProvenance(arguments)
    let inputs = try provenance.chosen(try PlainFiles.inputs(source), in: source)
    let keyPath = arguments.value("--key-file") ?? "\(target).key"
    let width = try ModelOptions.threads(arguments)
    let format = try arguments.output()
    let form = arguments.flag("--oci") ? SealedForm.layout : .directory
    let directory = try NewDirectory(target, keeping: arguments.flag("--restart") ? nil : SealJournal.folderName)
    do {
      let key = try ModelKeys.readOrMake(keyPath)
      let signer =
        try arguments.value("--sign-key").map(ModelKeys.readSigner)
        ?? ModelKeys.readOrMakeSigner(beside: keyPath, model: identity.model)
      let sealer = Sealer(
        identity: identity, source: provenance.source, base: provenance.base,
        allowCode: arguments.flag("--allow-code"), key: key, random: { SystemRandom.bytes($0) })
      let staging = try SealStaging(directory, form, inputs, key: key, identity: identity)
      let manifest = try seal(inputs, sealer, staging, width, isQuiet: arguments.isQuiet, source)
      try provenance.check(manifest, of: source)
      try staging.close()
      try write(manifest, signer, directory, form)
      report(manifest, signer, target, keyPath, format)
      return .ok
    } catch {
      // What is sealed stays for another attempt where the machine failed, and nowhere else.
      if (error as? Failure)?.exit != .unavailable { directory.discard() }
      throw error
    }
  }

  private static func identity(_ arguments: Arguments) throws(Failure) -> ModelIdentity {
    let (model, version) = (try arguments.required("--model"), try arguments.required("--version"))
    do throws(ParseError) {
      return try ModelIdentity(model: model, version: version)
    } catch {
      throw Failure(.usage, "model seal: --\(error.field): up to 128 letters, digits and . _ - + : @ /")
    }
  }

  private static func seal(
    _ inputs: [Sealer.Input], _ sealer: Sealer, _ staging: SealStaging, _ width: Int, isQuiet: Bool, _ source: String
  ) throws -> Manifest {
    if !staging.done.isEmpty, !isQuiet {
      Console.note("\(staging.done.count) of \(inputs.count) files are sealed since an attempt that was cut short")
    }
    let blobs = BlobDirectory(tree: staging.blobs, token: { Hex.encode(SystemRandom.bytes(8)) })
    let total = inputs.reduce(0) { $0 + $1.file.byteCount } - staging.done.reduce(0) { $0 + $1.size }
    let progress = ModelProgress("seal", totalBytes: total, quiet: isQuiet)
    defer { progress.finish() }
    let watch = try SourceWatch(inputs)
    return try modelStep(source) { () throws(WeightsError) in
      try sealer.seal(
        inputs, done: staging.done, into: blobs, width: width,
        finished: { try staging.journal.add($0, try watch.unchanged($0.path)) }, progress: { progress.add($0) })
    }
  }

  private static func write(
    _ manifest: Manifest, _ signer: NoteSigner, _ directory: NewDirectory, _ form: SealedForm
  ) throws {
    for (name, bytes) in form.documents(manifest, note: try SignedManifest.sign(manifest, by: signer)) {
      let file = try directory.staging.createFile(name, byteCount: bytes.count)
      try file.write(unsafe bytes.span.bytes, at: 0)
      try file.synchronize()
    }
    try directory.staging.protect(files: 0o644, directories: 0o755)
    try directory.publish()
  }

  private static func report(
    _ manifest: Manifest, _ signer: NoteSigner, _ target: String, _ keyPath: String, _ format: OutputFormat
  ) {
    let digest = Hex.encode(Hash.sha256.digest(manifest.bytes))
    switch format {
    case .json:
      Console.json(
        .object([
          ("model", .string(manifest.identity.model)), ("version", .string(manifest.identity.version)),
          ("directory", .string(target)), ("files", .int(manifest.files.count)), ("bytes", .int(manifest.totalSize)),
          ("manifestSha256", .string(digest)), ("keyFile", .string(keyPath)),
          ("verifierKey", .string(signer.verifierKey.text)),
        ]))
    case .text:
      let noun = manifest.files.count == 1 ? "file" : "files"
      Console.line("sealed \(manifest.totalSize) bytes in \(manifest.files.count) \(noun) to \(target)")
      Console.line("manifest \(digest)")
      Console.line("signed by \(signer.verifierKey.text)")
    }
  }
}
