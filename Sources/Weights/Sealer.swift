import Cryptography

/// One ciphertext being written. An implementer owes: bytes are kept in the order given, and the name appears only
/// with all of them.
package protocol BlobWriter {
  mutating func append(_ bytes: RawSpan) throws
  /// - Parameter name: 64 hexadecimal digits, see `Manifest.File.blob`.
  mutating func finish(named name: String) throws
}

/// Where ciphertext goes; several writers may be open at once.
package protocol BlobStore: Sendable {
  func makeBlob() throws -> any BlobWriter
}

/// Seals the files of a model under one key.
package struct Sealer: Sendable {
  package struct Input: Sendable {
    package let path: String
    package let file: any StoredBytes

    package init(path: String, file: any StoredBytes) {
      self.path = path
      self.file = file
    }
  }

  private let identity: ModelIdentity
  private let source: ModelSource?
  private let base: BaseModel?
  private let allowCode: Bool
  private let key: ModelKey
  private let random: @Sendable (Int) -> [UInt8]

  /// - Parameter random: gives bytes that never come again: each file's salt and nonce prefix are made of them.
  package init(
    identity: ModelIdentity, source: ModelSource?, base: BaseModel? = nil, allowCode: Bool, key: ModelKey,
    random: @escaping @Sendable (Int) -> [UInt8]
  ) {
    self.identity = identity
    self.source = source
    self.base = base
    self.allowCode = allowCode
    self.key = key
    self.random = random
  }

  /// Checks every file first, then seals; blocks the calling thread. Memory does not grow with the files.
  ///
  /// A file is sealed as a whole, under a header of its own, or begun anew under another: no key and nonce come twice,
  /// whatever became of an earlier attempt and of the file since.
  /// - Parameters:
  ///   - done: files that an earlier attempt has sealed, whose blobs are in the store and which have not changed since.
  ///   - finished: told each file as soon as its blob is whole, by several threads.
  /// - Returns: the manifest, not yet signed.
  package func seal(
    _ inputs: [Input], done: [Manifest.File] = [], into store: any BlobStore, width: Int,
    finished: @escaping @Sendable (Manifest.File) throws -> Void = { _ in },
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(WeightsError) -> Manifest {
    // A manifest of the plain sizes holds every rule of paths and limits before a byte is encrypted.
    _ = try manifest(inputs.map(Self.unsealed))
    for input in inputs { try ContentRules.check(input.file, path: input.path, allowCode: allowCode) }
    let known = Set(done.map { Array($0.path.utf8) })
    let rest = inputs.filter { !known.contains(Array($0.path.utf8)) }
    guard known.count + rest.count == inputs.count else { throw .path(.isDuplicate) }
    let work = SealWork(
      inputs: rest, headers: rest.map { _ in StreamHeader(random: random(StreamLayout.headerSize - 1)) },
      identity: identity, key: key, store: store, finished: finished, progress: progress, width: width)
    return try manifest(done + (try work.run()))
  }

  private static func unsealed(_ input: Input) -> Manifest.File {
    let zeros = [UInt8](repeating: 0, count: 32)
    return Manifest.File(
      path: input.path, size: input.file.byteCount, role: FileRole(path: input.path), sha256: zeros,
      ciphertextSHA256: zeros)
  }

  private func manifest(_ files: [Manifest.File]) throws(WeightsError) -> Manifest {
    try Manifest(
      identity: identity, source: source, base: base, allowCode: allowCode,
      keyCommitment: key.commitment(for: identity), files: files)
  }
}
