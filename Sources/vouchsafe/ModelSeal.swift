import Bytes
import Cryptography
import Platform
import SignedNotes
import Synchronization
import Terminal
import Weights

/// `vouchsafe model seal`.
enum ModelSeal {
  static func run(_ arguments: Arguments) throws -> ExitCode {
    let places = try arguments.positional("SRC", "OUT")
    let (source, target) = (places[0], trimmed(places[1]))
    let identity = try identity(arguments)
    let provenance = try ModelProvenance(arguments)
    let inputs = try provenance.chosen(try inputs(source), in: trimmed(source))
    let keyPath = arguments.value("--key-file") ?? "\(target).key"
    let width = try ModelOptions.threads(arguments)
    let format = try arguments.output()
    let form = arguments.flag("--oci") ? SealedForm.layout : .directory
    let directory = try NewDirectory(target)
    do {
      let key = try ModelKeys.readOrMake(keyPath)
      let signer =
        try arguments.value("--sign-key").map(ModelKeys.readSigner)
        ?? ModelKeys.readOrMakeSigner(beside: keyPath, model: identity.model)
      let sealer = Sealer(
        identity: identity, source: provenance.source, base: provenance.base,
        allowCode: arguments.flag("--allow-code"), key: key, random: { SystemRandom.bytes($0) })
      let manifest = try seal(
        inputs, sealer, try form.makeBlobFolder(in: directory.staging), width, isQuiet: arguments.isQuiet, source)
      try provenance.check(manifest, of: source)
      try write(manifest, signer, directory, form)
      report(manifest, signer, target, keyPath, format)
      return .ok
    } catch {
      directory.discard()
      throw error
    }
  }

  /// A path without the signs that end a directory's name.
  static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  private static func identity(_ arguments: Arguments) throws(Failure) -> ModelIdentity {
    let (model, version) = (try arguments.required("--model"), try arguments.required("--version"))
    do throws(ParseError) {
      return try ModelIdentity(model: model, version: version)
    } catch {
      throw Failure(.usage, "model seal: --\(error.field): up to 128 letters, digits and . _ - + : @ /")
    }
  }

  /// Every regular file below the directory, or the one file named.
  static func inputs(_ source: String) throws(Failure) -> [Sealer.Input] {
    do throws(PlatformError) {
      if let tree = try? FileTree.open(source) { return try files(in: tree, below: "", source) }
      let cut = source.lastIndex(of: "/")
      let folder = cut.map { String(source[...$0]) } ?? "."
      let name = cut.map { String(source[source.index(after: $0)...]) } ?? source
      return [Sealer.Input(path: name, file: try FileTree.open(folder).openFile(name))]
    } catch {
      throw Failure(.usage, "\(source): \(error)")
    }
  }

  private static func files(
    in tree: FileTree, below prefix: String, _ source: String
  ) throws(PlatformError) -> [Sealer.Input] {
    var inputs: [Sealer.Input] = []
    for entry in try tree.entries() {
      switch entry.kind {
      case .file: inputs.append(Sealer.Input(path: prefix + entry.name, file: try tree.openFile(entry.name)))
      case .directory:
        inputs += try files(in: try tree.subtree(entry.name), below: "\(prefix)\(entry.name)/", source)
      case .other:
        Console.note("\(source)/\(prefix)\(entry.name) is a link or a device; copy the files it stands for first")
        throw .system(.openFile, errno: 40)
      }
    }
    return inputs
  }

  private static func seal(
    _ inputs: [Sealer.Input], _ sealer: Sealer, _ tree: FileTree, _ width: Int, isQuiet: Bool, _ source: String
  ) throws -> Manifest {
    let blobs = BlobDirectory(tree: tree, token: { Hex.encode(SystemRandom.bytes(8)) })
    let total = inputs.reduce(0) { $0 + $1.file.byteCount }
    let progress = ModelProgress("seal", totalBytes: total, quiet: isQuiet)
    defer { progress.finish() }
    return try modelStep(source) { () throws(WeightsError) in
      try sealer.seal(inputs, into: blobs, width: width, progress: { progress.add($0) })
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

/// A progress line that several threads feed.
final class ModelProgress: Sendable {
  private let state: Mutex<(progress: Progress, done: Int)>

  init(_ what: String, totalBytes: Int, quiet: Bool) {
    state = Mutex((Progress(what, totalBytes: totalBytes, quiet: quiet), 0))
  }

  func add(_ bytes: Int) {
    state.withLock {
      $0.done += bytes
      $0.progress.update($0.done)
    }
  }

  func finish() { state.withLock { $0.progress.finish() } }
}
