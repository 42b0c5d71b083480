import Bytes
import Cryptography
import SignedNotes
import Terminal
import Weights

/// `vouchsafe model verify`.
enum ModelVerify {
  static func run(_ arguments: Arguments) throws -> ExitCode {
    let signature = try PublisherSignature(arguments)
    if let signature, arguments.value("--verify-key") == nil { return try ModelVerifyPlain.run(arguments, signature) }
    let sealed = try SealedModel(try arguments.one(of: "SEALED"), arguments)
    _ = try arguments.required("--verify-key")
    let format = try arguments.output()
    let width = try ModelOptions.threads(arguments)
    let manifest = try ModelOpen.manifest(of: sealed, arguments)
    try signature?.check(manifest, of: sealed.path)
    let progress = ModelProgress("verify", totalBytes: manifest.totalSize, quiet: arguments.isQuiet)
    defer { progress.finish() }
    for file in manifest.files { try checkCiphertext(file, sealed) }
    if let path = arguments.value("--key-file") {
      let key = try ModelKeys.read(path)
      try modelStep(sealed.path) { () throws(WeightsError) in
        let opener = try Opener(manifest, key: key, width: width, checking: .segmentsAndDigests)
        try opener.verify(sealed, progress: { progress.add($0) })
      }
    }
    report(manifest, isOpened: arguments.value("--key-file") != nil, signature, sealed, format)
    return .ok
  }

  /// Size and SHA-256 of the ciphertext, as the provider signed them.
  private static func checkCiphertext(_ file: Manifest.File, _ sealed: SealedModel) throws(Failure) {
    try modelStep(sealed.path) { () throws(WeightsError) in
      do {
        let blob = try sealed.blob(named: file.blob)
        guard blob.byteCount == file.layout.ciphertextSize else { throw WeightsError.ciphertextSize(path: file.path) }
        guard try digest(of: blob) == file.ciphertextSHA256 else { throw WeightsError.digest(path: file.path) }
      } catch let error as WeightsError {
        throw error
      } catch {
        throw WeightsError.storage(path: file.path, .init(error))
      }
    }
  }

  private static func digest(of blob: any StoredBytes) throws -> [UInt8] {
    var stream = HashStream(.sha256)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    for start in stride(from: 0, to: blob.byteCount, by: buffer.count) {
      if blob.byteCount - start < buffer.count { buffer.removeLast(buffer.count - (blob.byteCount - start)) }
      var elements = buffer.mutableSpan
      var bytes = unsafe elements.mutableBytes
      try blob.read(at: start, into: &bytes)
      stream.update(buffer)
    }
    return stream.finish()
  }

  private static func report(
    _ manifest: Manifest, isOpened: Bool, _ signature: PublisherSignature?, _ sealed: SealedModel,
    _ format: OutputFormat
  ) {
    switch format {
    case .json:
      var members: [(String, JSONValue)] = [
        ("verdict", "verified"), ("model", .string(manifest.identity.model)),
        ("version", .string(manifest.identity.version)), ("files", .int(manifest.files.count)),
        ("bytes", .int(manifest.totalSize)), ("contentChecked", .bool(isOpened)),
        ("manifestSha256", .string(Hex.encode(Hash.sha256.digest(manifest.bytes)))),
      ]
      if let signature { members.append(("signature", signature.record.json)) }
      Console.json(.object(members))
    case .text:
      let what = isOpened ? "signature, ciphertext and content" : "signature and ciphertext"
      Console.line("\(sealed.path): \(what) of \(manifest.files.count) files are as signed")
      if let signature { Console.line("the plain files are those signed by \(signature.signerText)") }
    }
  }
}
