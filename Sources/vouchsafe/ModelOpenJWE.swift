import Cryptography
import Platform
import Stores
import Terminal
import Weights

/// `vouchsafe model open-jwe`.
enum ModelOpenJWE {
  static let command = Command(
    "model open-jwe", arguments: "FILE OUT",
    "decrypt a model file that KServe encrypted as one JWE, without any broker",
    options: [
      Option("--key-file", value: "KEY", "the key that wraps the file's own, 32 raw bytes"),
      Option("--name", value: "PATH", "what to call the file below OUT; FILE's name without .jwe if not given"),
      Option("--allow-code", "open a file that can run code when loaded"), .quiet,
    ],
    example: "vouchsafe model open-jwe ./model.safetensors.jwe ./model --key-file kserve.key",
    run: { try ModelOpenJWE.run($0) })

  static func run(_ arguments: Arguments) throws -> ExitCode {
    let places = try arguments.positional("FILE", "OUT")
    let key = try ModelKeys.readSecret(try arguments.required("--key-file"))
    let cut = places[0].lastIndex(of: "/")
    let folder = cut.map { String(places[0][...$0]) } ?? "."
    let fileName = cut.map { String(places[0][places[0].index(after: $0)...]) } ?? places[0]
    let name = arguments.value("--name") ?? (fileName.hasSuffix(".jwe") ? String(fileName.dropLast(4)) : fileName)
    let stored: StreamedFile
    do throws(PlatformError) {
      stored = try FileTree.open(folder).openStream(fileName, readsAhead: false)
    } catch { throw Failure(.usage, "\(places[0]): \(error)") }
    let file = try modelStep(places[0]) { () throws(WeightsError) in try JWEFile(stored, path: name) }
    let progress = ModelProgress("open", totalBytes: file.byteCount, quiet: arguments.isQuiet)
    defer { progress.finish() }
    let directory = PlainDirectory(directory: try NewDirectory(places[1]))
    try modelStep(places[0]) { () throws(WeightsError) in
      try file.open(
        key: key, allowCode: arguments.flag("--allow-code"), into: directory, progress: { progress.add($0) })
    }
    return .ok
  }
}
