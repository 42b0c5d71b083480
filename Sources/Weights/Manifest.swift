package import Bytes

/// What a sealed model consists of. Signed by the model's provider, see `SignedManifest`; alone it is unverified.
///
/// Shape: canonical JSON (RFC 8785), UTF-8, one form only: a document that is not byte for byte what `bytes` writes is
/// refused.
package struct Manifest: Equatable, Sendable {
  package static let format = "vouchsafe/weights/v1"
  package static let fileLimit = 4096
  package static let limitBytes = 8 << 20
  /// Bytes of plaintext in one model.
  package static let totalLimit = 1 << 45

  package struct File: Equatable, Sendable {
    package let path: String
    /// Bytes of plaintext.
    package let size: Int
    package let role: FileRole
    /// SHA-256 of the plaintext.
    package let sha256: [UInt8]
    /// SHA-256 of the ciphertext, which is also its name.
    package let ciphertextSHA256: [UInt8]

    package init(path: String, size: Int, role: FileRole, sha256: [UInt8], ciphertextSHA256: [UInt8]) {
      self.path = path
      self.size = size
      self.role = role
      self.sha256 = sha256
      self.ciphertextSHA256 = ciphertextSHA256
    }

    package var layout: StreamLayout { StreamLayout(plaintextSize: size) }
    package var blob: String { Hex.encode(ciphertextSHA256) }
  }

  package let identity: ModelIdentity
  /// Where the files came from, as the provider says.
  package let source: ModelSource?
  /// The model that this one is an adapter of, and of no other.
  package let base: BaseModel?
  package let allowCode: Bool
  package let keyCommitment: [UInt8]
  /// Sorted by path.
  package let files: [File]

  package init(
    identity: ModelIdentity, source: ModelSource?, base: BaseModel? = nil, allowCode: Bool, keyCommitment: [UInt8],
    files: [File]
  ) throws(WeightsError) {
    self.identity = identity
    self.source = source
    self.base = base
    self.allowCode = allowCode
    self.keyCommitment = keyCommitment
    self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    try checkLimits()
    try checkPaths()
  }

  private func checkLimits() throws(WeightsError) {
    guard !files.isEmpty else { throw .malformed(ParseError("manifest.files", .missing)) }
    guard files.count <= Self.fileLimit else { throw .tooLarge }
    var total = 0
    for file in files {
      guard (0...StreamLayout.plaintextLimit).contains(file.size) else { throw .tooLarge }
      total += file.size
      guard total <= Self.totalLimit else { throw .tooLarge }
    }
  }

  private func checkPaths() throws(WeightsError) {
    do throws(ModelPath.Violation) {
      for file in files { try ModelPath.check(file.path) }
      try ModelPath.checkDistinct(files.map(\.path))
    } catch {
      throw .path(error)
    }
    guard !allowCode, let code = files.first(where: { CodeRule.isCode(path: $0.path) || $0.role == .code }) else {
      return
    }
    throw .code(path: code.path)
  }

  package var totalSize: Int { files.reduce(0) { $0 + $1.size } }
}

/// Which model, which version: names that the provider chose and that every segment is bound to.
package struct ModelIdentity: Equatable, Sendable {
  package static let limit = 128
  package let model: String
  package let version: String

  /// - Throws: `.unexpected` when a name is empty, longer than 128 bytes, or has anything but ASCII letters, digits and
  ///   `. _ - + : @`, with `/` between parts.
  package init(model: String, version: String) throws(ParseError) {
    self.model = try Self.checked(model, "model")
    self.version = try Self.checked(version, "version")
  }

  private static func checked(_ name: String, _ field: StaticString) throws(ParseError) -> String {
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { part in
      !part.isEmpty && part.first != UInt8(ascii: ".") && part.allSatisfy(isNameCharacter)
    }
    guard name.utf8.count <= limit else { throw ParseError(field, .tooLong) }
    guard isPlain else { throw ParseError(field, .unexpected) }
    return name
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "._-+:@".utf8.contains(byte)
    }
  }

  /// What each segment of a file is bound to beside its key, number and place.
  package func associatedData(path: String) -> [UInt8] {
    var data = ByteWriter()
    for field in [Manifest.format, model, version, path] { data.lengthPrefixed(field) }
    return data.bytes
  }
}
