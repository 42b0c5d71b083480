package import Bytes

/// The provider's word on where the plain files came from, and on what else is known of them.
package struct ModelSource: Equatable, Sendable {
  private static let limit = 1024
  package static let documentLimit = 64

  /// A document about the model that lies elsewhere: a model card, a bill of materials, an attestation of a build.
  package struct Document: Equatable, Sendable {
    package let name: String
    package let sha256: [UInt8]

    package init(name: String, sha256: [UInt8]) {
      self.name = name
      self.sha256 = sha256
    }
  }

  /// The publisher's signature that the plain files were held against when they were sealed.
  package struct Signature: Equatable, Sendable {
    package let bundleSHA256: [UInt8]
    /// SHA-256 of all files' digests, as OpenSSF model signing makes it.
    package let modelSHA256: [UInt8]
    /// Of the signer's public key.
    package let keySHA256: [UInt8]
    /// Of the signer's certificate, where there is one.
    package let subject: String?

    package init(bundleSHA256: [UInt8], modelSHA256: [UInt8], keySHA256: [UInt8], subject: String?) {
      self.bundleSHA256 = bundleSHA256
      self.modelSHA256 = modelSHA256
      self.keySHA256 = keySHA256
      self.subject = subject
    }
  }

  package let repository: String
  package let revision: String
  package let provenance: [Document]
  package let signature: Signature?

  /// - Throws: `.tooLong` for a text of more than 1024 bytes, or too many documents.
  package init(
    repository: String, revision: String, provenance: [Document] = [], signature: Signature? = nil
  ) throws(ParseError) {
    let texts = [repository, revision, signature?.subject ?? ""] + provenance.map(\.name)
    guard provenance.count <= Self.documentLimit, texts.allSatisfy({ $0.utf8.count <= Self.limit }) else {
      throw ParseError("manifest.source", .tooLong)
    }
    self.repository = repository
    self.revision = revision
    self.provenance = provenance
    self.signature = signature
  }

  init(parsing source: JSONReader) throws(ParseError) {
    var reader = source
    let (repository, revision) = (try reader.string("repository"), try reader.string("revision"))
    let documents = try reader.optionalArray("provenance").map { items throws(ParseError) in
      guard !items.isEmpty else { throw ParseError("manifest.source.provenance", .missing) }
      return try items.map { item throws(ParseError) in try Document(parsing: item) }
    }
    let signature = try reader.optionalObject("signature").map { object throws(ParseError) in
      try Signature(parsing: object)
    }
    try reader.finish()
    try self.init(repository: repository, revision: revision, provenance: documents ?? [], signature: signature)
  }

  var json: JSONValue {
    var members: [(String, JSONValue)] = [("repository", .string(repository)), ("revision", .string(revision))]
    if !provenance.isEmpty {
      let documents = provenance.map { document -> JSONValue in
        ["name": .string(document.name), "sha256": .string(Hex.encode(document.sha256))]
      }
      members.append(("provenance", .array(documents)))
    }
    if let signature { members.append(("signature", signature.json)) }
    return .object(members)
  }
}

extension ModelSource.Document {
  fileprivate init(parsing item: JSONValue) throws(ParseError) {
    var reader = try JSONReader(item, "manifest.source.provenance")
    (name, sha256) = (try reader.string("name"), try reader.hex("sha256", count: 32))
    try reader.finish()
  }
}

extension ModelSource.Signature {
  fileprivate init(parsing object: JSONReader) throws(ParseError) {
    var reader = object
    bundleSHA256 = try reader.hex("bundleSha256", count: 32)
    modelSHA256 = try reader.hex("modelSha256", count: 32)
    keySHA256 = try reader.hex("keySha256", count: 32)
    subject = try reader.optionalString("subject")
    try reader.finish()
  }

  package var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("bundleSha256", .string(Hex.encode(bundleSHA256))), ("modelSha256", .string(Hex.encode(modelSHA256))),
      ("keySha256", .string(Hex.encode(keySHA256))),
    ]
    if let subject { members.append(("subject", .string(subject))) }
    return .object(members)
  }
}
