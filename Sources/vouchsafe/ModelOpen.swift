import SignedNotes
import Terminal
import Weights

/// `vouchsafe model open`.
enum ModelOpen {
  static func run(_ arguments: Arguments) throws -> ExitCode {
    let places = try arguments.positional("SEALED", "OUT")
    let key = try ModelKeys.read(try arguments.required("--key-file"))
    let width = try ModelOptions.threads(arguments)
    let sealed = try SealedModel(places[0], arguments, width: width)
    let manifest = try manifest(of: sealed, arguments)
    let checking: Opener.Checking = arguments.flag("--verify-digests") ? .segmentsAndDigests : .segments
    let opener = try modelStep(places[0]) { () throws(WeightsError) in
      try Opener(manifest, key: key, width: width, checking: checking)
    }
    let progress = ModelProgress("open", totalBytes: manifest.totalSize, quiet: arguments.isQuiet)
    defer { progress.finish() }
    let directory = PlainDirectory(directory: try NewDirectory(places[1]))
    try modelStep(places[0]) { () throws(WeightsError) in
      try opener.open(from: sealed, into: directory, progress: { progress.add($0) })
    }
    return .ok
  }

  /// The manifest, verified when a verifier key is given; else the person is told that nobody vouches for it.
  static func manifest(of sealed: SealedModel, _ arguments: Arguments) throws(Failure) -> Manifest {
    let bytes = try sealed.manifest()
    guard let verifier = arguments.value("--verify-key") else {
      if !arguments.isQuiet { Console.note("\(sealed.path): signature not checked, no --verify-key given") }
      return try modelStep("\(sealed.path)/manifest.json") { () throws(WeightsError) in try Manifest(parsing: bytes) }
    }
    let key = try ModelKeys.readVerifier(verifier)
    let note = try sealed.note()
    return try modelStep("\(sealed.path)/manifest.json") { () throws(WeightsError) in
      try SignedManifest.verify(manifest: bytes, note: note, by: key)
    }
  }
}
