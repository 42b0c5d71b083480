import Bytes

extension Manifest {
  package var bytes: [UInt8] { CanonicalJSON.encode(json) }

  private var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("format", .string(Self.format)), ("model", .string(identity.model)), ("version", .string(identity.version)),
      ("allowCode", .bool(allowCode)), ("keyCommitment", .string(Hex.encode(keyCommitment))),
      ("files", .array(files.map(\.json))),
    ]
    if let source { members.append(("source", source.json)) }
    if let base { members.append(("base", base.json)) }
    return .object(members)
  }

  /// Reads a manifest strictly.
  ///
  /// - Throws: `.malformed`, `.path`, `.tooLarge` and `.code` only.
  package init(parsing bytes: [UInt8]) throws(WeightsError) {
    guard bytes.count <= Self.limitBytes else { throw .tooLarge }
    let fields: Fields
    do throws(ParseError) {
      fields = try Fields(parsing: bytes)
    } catch {
      throw .malformed(error)
    }
    try self.init(
      identity: fields.identity, source: fields.source, base: fields.base, allowCode: fields.allowCode,
      keyCommitment: fields.keyCommitment, files: fields.files)
    guard self.bytes == bytes else { throw .malformed(ParseError("manifest", .notCanonical)) }
  }

  private struct Fields {
    let identity: ModelIdentity
    let source: ModelSource?
    let base: BaseModel?
    let allowCode: Bool
    let keyCommitment: [UInt8]
    let files: [File]

    init(parsing bytes: [UInt8]) throws(ParseError) {
      let limits = StrictJSON.Limits(depth: 4, tokens: Manifest.fileLimit * 16 + 1024)
      var reader = try JSONReader(try StrictJSON.parse(bytes, limits: limits), "manifest")
      guard try reader.string("format") == Manifest.format else { throw ParseError("manifest.format", .unexpected) }
      identity = try ModelIdentity(model: try reader.string("model"), version: try reader.string("version"))
      allowCode = try reader.bool("allowCode")
      keyCommitment = try reader.hex("keyCommitment", count: 32)
      source = try reader.optionalObject("source").map { source throws(ParseError) in
        try ModelSource(parsing: source)
      }
      base = try reader.optionalObject("base").map { base throws(ParseError) in try BaseModel(parsing: base) }
      files = try reader.array("files").map { value throws(ParseError) in try File(parsing: value) }
      try reader.finish()
    }
  }
}

extension Manifest.File {
  fileprivate var json: JSONValue {
    [
      "path": .string(path), "size": .int(size), "role": .string(role.rawValue), "blob": .string(blob),
      "sha256": .string(Hex.encode(sha256)), "ciphertextSha256": .string(blob),
    ]
  }

  fileprivate init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "manifest.files")
    path = try reader.string("path")
    size = try reader.integer("size")
    guard let role = FileRole(rawValue: try reader.string("role")) else {
      throw ParseError("manifest.files.role", .unexpected)
    }
    self.role = role
    sha256 = try reader.hex("sha256", count: 32)
    ciphertextSHA256 = try reader.hex("ciphertextSha256", count: 32)
    guard try reader.hex("blob", count: 32) == ciphertextSHA256 else {
      throw ParseError("manifest.files.blob", .unexpected)
    }
    try reader.finish()
  }
}
