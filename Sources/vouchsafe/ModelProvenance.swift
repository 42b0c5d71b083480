import Bytes
import Cryptography
import ModelSigning
import Terminal
import Weights

/// What `model seal` is told of a model's origin, and puts into its manifest.
struct ModelProvenance {
  private static let documentLimitBytes = 256 << 20

  private let signature: PublisherSignature?
  let source: ModelSource?
  let base: BaseModel?

  init(_ arguments: Arguments) throws(Failure) {
    signature = try PublisherSignature(arguments)
    base = try arguments.value("--base").map { path throws(Failure) in try Self.base(path, arguments) }
    let documents = try Self.documents(arguments)
    let (repository, revision) = (arguments.value("--repository"), arguments.value("--revision"))
    guard repository != nil || revision != nil || signature != nil || !documents.isEmpty else {
      source = nil
      return
    }
    do throws(ParseError) {
      source = try ModelSource(
        repository: repository ?? "", revision: revision ?? "", provenance: documents, signature: signature?.record)
    } catch {
      throw Failure(.usage, "model seal: what is said of the source is too long: names up to 1024 bytes, 64 documents")
    }
  }

  private static func base(_ path: String, _ arguments: Arguments) throws(Failure) -> BaseModel {
    let sealed = try SealedModel(path, arguments)
    let bytes = try sealed.manifest()
    let manifest = try modelStep("\(path)/manifest.json") { () throws(WeightsError) in try Manifest(parsing: bytes) }
    guard manifest.base == nil else { throw Failure(.usage, "--base \(path): is an adapter itself") }
    return BaseModel(manifest)
  }

  private static func documents(_ arguments: Arguments) throws(Failure) -> [ModelSource.Document] {
    var documents: [ModelSource.Document] = []
    for path in arguments.values("--provenance") {
      let bytes = try Console.readFile(path, limit: documentLimitBytes)
      let name = path.split(separator: "/").last.map(String.init) ?? path
      documents.append(ModelSource.Document(name: name, sha256: Hash.sha256.digest(bytes)))
    }
    return documents
  }

  /// What of the plain files is sealed: without a signature, all; with one, what was signed.
  func chosen(_ inputs: [Sealer.Input], in source: String) throws(Failure) -> [Sealer.Input] {
    guard let signature else { return inputs }
    let chosen = inputs.filter { !signature.passesOver($0.path, in: source) }
    if chosen.count < inputs.count {
      Console.note("left out what \(signature.path) does not cover: \(inputs.count - chosen.count) files")
    }
    // Before hours of sealing; the bytes are held against the signature afterwards.
    try signature.checkNames(chosen.map(\.path), of: source)
    return chosen
  }

  func check(_ manifest: Manifest, of source: String) throws(Failure) { try signature?.check(manifest, of: source) }
}
