import Bytes
import Cryptography

/// What a signer says of a model: every file's digest, and which paths were left out. Signed by `signer`, once
/// `ModelSignature.verified(by:)` has returned it.
///
/// Shape: an in-toto statement of version 1 with OpenSSF's predicate; members that are not known are passed over, as both
/// ask for. Spec: in-toto attestation 1.0; OpenSSF model signing 1.0.
package struct SignedModel: Sendable {
  package static let fileLimit = 16_384
  package static let pathLimitBytes = 1024
  static let payloadType = "application/vnd.in-toto+json"
  private static let statementType = "https://in-toto.io/Statement/v1"
  private static let predicateType = "https://model_signing/signature/v1.0"
  /// The name that the one file of a model without a folder is signed under.
  private static let wholeModel = "."

  package struct File: Sendable, Equatable {
    package let path: String
    package let sha256: [UInt8]

    package init(path: String, sha256: [UInt8]) {
      self.path = path
      self.sha256 = sha256
    }
  }

  /// The folder's name where it was signed; for people.
  package let name: String
  /// SHA-256 of all files' digests, one after another.
  package let sha256: [UInt8]
  package let files: [File]
  /// Files and folders that the signer did not look at.
  package let ignoredPaths: [String]
  package let signer: ModelSigner

  init(parsing payload: [UInt8], signer: ModelSigner) throws(ModelSigningError) {
    self.signer = signer
    (name, sha256, files, ignoredPaths) = try ModelSigningError.reading {
      let limits = StrictJSON.Limits(depth: 12, tokens: Self.fileLimit * 8 + 4096)
      var statement = try JSONReader(try StrictJSON.parse(payload, limits: limits), "statement")
      guard try statement.string("_type") == Self.statementType else { throw ModelSigningError.unsupported(.payload) }
      guard try statement.string("predicateType") == Self.predicateType else {
        throw ModelSigningError.unsupported(.predicate)
      }
      let subjects = try statement.array("subject")
      guard subjects.count == 1 else { throw ParseError("statement.subject", .outOfRange) }
      var subject = try JSONReader(subjects[0], "statement.subject")
      var digest = try subject.object("digest")
      var predicate = try statement.object("predicate")
      let ignored = try Self.ignoredPaths(try predicate.object("serialization"))
      let files = try Self.files(try predicate.array("resources"))
      let whole = try digest.hex("sha256", count: 32)
      guard Hash.sha256.digest(files.flatMap(\.sha256)) == whole else { throw ModelSigningError.inconsistent }
      return (try subject.string("name"), whole, files, ignored)
    }
  }

  private static func ignoredPaths(_ object: JSONReader) throws -> [String] {
    var reader = object
    guard try reader.string("method") == "files" else { throw ModelSigningError.unsupported(.serialization) }
    guard try reader.string("hash_type") == "sha256" else { throw ModelSigningError.unsupported(.digest) }
    return reader.has("ignore_paths") ? try reader.strings("ignore_paths") : []
  }

  private static func files(_ resources: [JSONValue]) throws -> [File] {
    guard !resources.isEmpty else { throw ParseError("statement.resources", .missing) }
    guard resources.count <= fileLimit else { throw ParseError("statement.resources", .tooLong) }
    var seen = Set<[UInt8]>()
    return try resources.map { resource in
      var reader = try JSONReader(resource, "statement.resources")
      let path = try reader.string("name")
      guard try reader.string("algorithm") == "sha256" else { throw ModelSigningError.unsupported(.digest) }
      let digest = try reader.hex("digest", count: 32)
      guard (1...pathLimitBytes).contains(path.utf8.count), path.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
        throw ParseError("statement.resources.name", .unexpected)
      }
      guard seen.insert(Array(path.utf8)).inserted else { throw ParseError("statement.resources.name", .duplicate) }
      return File(path: path, sha256: digest)
    }
  }

  /// Whether the signer left this file out, or a folder that it lies in.
  package func ignores(_ path: String) -> Bool {
    ignoredPaths.contains { ignored in
      path.utf8.elementsEqual(ignored.utf8) || Array(path.utf8).starts(with: Array(ignored.utf8) + [UInt8(ascii: "/")])
    }
  }

  /// Holds files against those that were signed: the same names, each with its bytes, and no other.
  ///
  /// A changed file is told before a missing one, a missing one before one too many.
  /// - Throws: `.fileChanged`, `.fileRenamed`, `.fileMissing` and `.fileUnsigned` only.
  package func check(_ found: [File]) throws(ModelSigningError) {
    let found = found.count == 1 && isOneFile ? [File(path: Self.wholeModel, sha256: found[0].sha256)] : found
    let digests = Dictionary(found.map { (Array($0.path.utf8), $0.sha256) }) { first, _ in first }
    let signed = Set(files.map { Array($0.path.utf8) })
    for file in files {
      guard let digest = digests[Array(file.path.utf8)] else { continue }
      guard digest == file.sha256 else { throw .fileChanged(path: file.path) }
    }
    let others = found.filter { !signed.contains(Array($0.path.utf8)) }
    if let missing = files.first(where: { digests[Array($0.path.utf8)] == nil }) {
      guard let other = others.first(where: { $0.sha256 == missing.sha256 }) else {
        throw .fileMissing(path: missing.path)
      }
      throw .fileRenamed(path: missing.path, to: other.path)
    }
    if let other = others.first { throw .fileUnsigned(path: other.path) }
  }

  /// Holds names alone against those that were signed.
  /// - Throws: `.fileMissing` and `.fileUnsigned` only.
  package func checkNames(_ paths: [String]) throws(ModelSigningError) {
    if paths.count == 1 && isOneFile { return }
    let (found, signed) = (Set(paths.map { Array($0.utf8) }), Set(files.map { Array($0.path.utf8) }))
    if let missing = files.first(where: { !found.contains(Array($0.path.utf8)) }) {
      throw .fileMissing(path: missing.path)
    }
    if let other = paths.first(where: { !signed.contains(Array($0.utf8)) }) { throw .fileUnsigned(path: other) }
  }

  private var isOneFile: Bool { files.count == 1 && files[0].path == Self.wholeModel }
}
