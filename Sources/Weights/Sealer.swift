import Bytes
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

  /// Checks every file first, then seals; blocks the calling thread.
  /// - Returns: the manifest, not yet signed.
  package func seal(
    _ inputs: [Input], into store: any BlobStore, width: Int, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(WeightsError) -> Manifest {
    // A manifest of the plain sizes holds every rule of paths and limits before a byte is encrypted.
    _ = try manifest(inputs.map { Sealed(sha256: zeros, ciphertextSHA256: zeros, input: $0) })
    for input in inputs { try ContentRules.check(input.file, path: input.path, allowCode: allowCode) }
    let results = Results(count: inputs.count)
    try concurrently(width: width, count: inputs.count, makeState: { SegmentWorker() }) {
      (number, worker) throws(WeightsError) in
      results.set(number, try seal(inputs[number], number, store, worker, progress))
    }
    return try manifest(results.all)
  }

  private var zeros: [UInt8] { [UInt8](repeating: 0, count: 32) }

  private func manifest(_ sealed: [Sealed]) throws(WeightsError) -> Manifest {
    let files = sealed.map { one in
      Manifest.File(
        path: one.input.path, size: one.input.file.byteCount, role: FileRole(path: one.input.path),
        sha256: one.sha256, ciphertextSHA256: one.ciphertextSHA256)
    }
    return try Manifest(
      identity: identity, source: source, base: base, allowCode: allowCode,
      keyCommitment: key.commitment(for: identity), files: files)
  }

  private func seal(
    _ input: Input, _ number: Int, _ store: any BlobStore, _ worker: SegmentWorker,
    _ progress: @Sendable (Int) -> Void
  ) throws(WeightsError) -> Sealed {
    let layout = StreamLayout(plaintextSize: input.file.byteCount)
    let plan = FetchPlan([layout], runLength: 1)
    let header = StreamHeader(random: random(StreamLayout.headerSize - 1))
    var plainDigest = HashStream(.sha256)
    var sealedDigest = HashStream(.sha256)
    do {
      try worker.prepare(file: number) {
        key.fileKey(header, associatedData: identity.associatedData(path: input.path))
      }
      var blob = try store.makeBlob()
      sealedDigest.update(header.bytes)
      try blob.append(unsafe header.bytes.span.bytes)
      for index in plan.segments(of: 0) {
        let segment = plan.segment(index, of: 0)
        let nonce = layout.nonce(of: index, prefix: header.prefix)
        try worker.seal(segment, nonce: nonce, from: input.file) { plaintext, ciphertext in
          plainDigest.update(plaintext)
          sealedDigest.update(ciphertext)
          try blob.append(ciphertext)
        }
        progress(segment.plaintext.count)
      }
      let digest = sealedDigest.finish()
      try blob.finish(named: Hex.encode(digest))
      return Sealed(sha256: plainDigest.finish(), ciphertextSHA256: digest, input: input)
    } catch let error as WeightsError {
      throw error
    } catch {
      throw .storage(path: input.path, .init(error))
    }
  }
}

/// What sealing one file came to.
private struct Sealed: Sendable {
  let sha256: [UInt8]
  let ciphertextSHA256: [UInt8]
  let input: Sealer.Input
}

/// Results of several threads, each at a place of its own.
///
/// `@unchecked Sendable`: every place is written by one thread, and read after all have ended.
@safe private final class Results: @unchecked Sendable {
  private let places: UnsafeMutableBufferPointer<Sealed?>

  init(count: Int) {
    unsafe places = .allocate(capacity: count)
    unsafe places.initialize(repeating: nil)
  }

  deinit {
    unsafe places.deinitialize()
    unsafe places.deallocate()
  }

  func set(_ index: Int, _ value: Sealed) { unsafe places[index] = value }
  var all: [Sealed] { unsafe places.compactMap { $0 } }
}
