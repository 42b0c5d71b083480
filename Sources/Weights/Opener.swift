import Bytes
import Cryptography

/// Opens a sealed model: ciphertext from a source that is not trusted, plaintext to a destination that shows nothing
/// before every segment of every file is authentic.
package struct Opener: Sendable {
  package enum Checking: Sendable {
    /// Every segment's tag, which proves content, order, length and place to whoever trusts all holders of the key.
    case segments
    /// Also every file's SHA-256, which the provider signed. Costs more than twice as much.
    case segmentsAndDigests
  }

  private let manifest: Manifest
  private let key: ModelKey
  private let width: Int
  private let checking: Checking

  /// - Parameters:
  ///   - manifest: verified, see `SignedManifest`.
  ///   - width: threads to use; each takes two buffers of 1 MiB.
  /// - Throws: `.wrongKey` before anything is read.
  package init(
    _ manifest: Manifest, key: ModelKey, width: Int, checking: Checking = .segments
  ) throws(WeightsError) {
    try key.check(against: manifest)
    self.manifest = manifest
    self.key = key
    self.width = width
    self.checking = checking
  }

  /// Blocks the calling thread until everything is published or nothing is left.
  /// - Parameter progress: told the bytes of plaintext written, by several threads.
  package func open(
    from source: any CiphertextSource, into destination: any Destination,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(WeightsError) {
    do throws(WeightsError) {
      let files = try openBlobs(source, destination)
      switch checking {
      case .segments: try openSegments(files, progress)
      case .segmentsAndDigests: try openFiles(files, progress)
      }
      for file in files { try ContentRules.check(file.output, path: file.path, allowCode: manifest.allowCode) }
      do { try destination.publish() } catch { throw .storage(path: "", .init(error)) }
    } catch {
      destination.discard()
      throw error
    }
  }

  /// Opens everything and keeps nothing: whether the model would open, with every digest and every header.
  package func verify(
    _ source: any CiphertextSource, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(WeightsError) {
    let files = try openBlobs(source, Nowhere())
    try openFiles(files, progress)
    for file in files {
      let plain = SegmentReader(
        path: file.path, layout: file.layout, header: file.header, blob: file.blob, key: key,
        associatedData: manifest.identity.associatedData(path: file.path))
      try ContentRules.check(plain, path: file.path, allowCode: manifest.allowCode)
    }
  }

  /// One file on its way: where from, where to, and what its segments are bound to.
  private struct OpenFile: Sendable {
    let path: String
    let layout: StreamLayout
    let header: StreamHeader
    let blob: any StoredBytes
    let output: any DestinationFile
  }

  private func openBlobs(
    _ source: any CiphertextSource, _ destination: any Destination
  ) throws(WeightsError) -> [OpenFile] {
    try manifest.files.map { file throws(WeightsError) in
      do {
        let blob = try source.blob(named: file.blob)
        guard blob.byteCount == file.layout.ciphertextSize else { throw WeightsError.ciphertextSize(path: file.path) }
        let header = try StreamHeader(parsing: try blob.bytes(at: 0, count: StreamLayout.headerSize))
        let output = try destination.makeFile(at: file.path, byteCount: file.size)
        return OpenFile(path: file.path, layout: file.layout, header: header, blob: blob, output: output)
      } catch let error as WeightsError {
        throw error
      } catch is ParseError {
        throw .header(path: file.path)
      } catch {
        throw .storage(path: file.path, .init(error))
      }
    }
  }

  private func openSegments(_ files: [OpenFile], _ progress: @escaping @Sendable (Int) -> Void) throws(WeightsError) {
    let plan = FetchPlan(manifest)
    try concurrently(width: width, count: plan.count, makeState: { SegmentWorker() }) {
      (number, worker) throws(WeightsError) in
      let segment = plan[number]
      try open(segment, of: files[segment.file], worker) { _ in }
      progress(segment.plaintext.count)
    }
  }

  /// One file a thread, so that its digest can be made in order.
  private func openFiles(_ files: [OpenFile], _ progress: @escaping @Sendable (Int) -> Void) throws(WeightsError) {
    let plan = FetchPlan(manifest)
    try concurrently(width: width, count: files.count, makeState: { SegmentWorker() }) {
      (number, worker) throws(WeightsError) in
      var digest = HashStream(.sha256)
      for index in plan.segments(of: number) {
        let segment = plan.segment(index, of: number)
        try open(segment, of: files[number], worker) { digest.update($0) }
        progress(segment.plaintext.count)
      }
      guard digest.finish() == manifest.files[number].sha256 else { throw .digest(path: files[number].path) }
    }
  }

  private func open(
    _ segment: FetchPlan.Segment, of file: OpenFile, _ worker: SegmentWorker, _ alsoGive: (RawSpan) -> Void
  ) throws(WeightsError) {
    do throws(CryptoError) {
      try worker.prepare(file: segment.file) {
        key.fileKey(file.header, associatedData: manifest.identity.associatedData(path: file.path))
      }
    } catch {
      throw .segment(path: file.path, index: segment.index)
    }
    let nonce = file.layout.nonce(of: segment.index, prefix: file.header.prefix)
    try worker.open(segment, nonce: nonce, from: file.blob, path: file.path) { plaintext in
      alsoGive(plaintext)
      if !segment.plaintext.isEmpty { try file.output.write(plaintext, at: segment.plaintext.lowerBound) }
    }
  }
}

/// A destination that keeps nothing and is never read.
private struct Nowhere: Destination {
  struct File: DestinationFile {
    let byteCount: Int
    struct Unreadable: Error {}
    func write(_ bytes: RawSpan, at offset: Int) {}
    func read(at offset: Int, into buffer: inout MutableRawSpan) throws { throw Unreadable() }
  }

  func makeFile(at path: String, byteCount: Int) -> any DestinationFile { File(byteCount: byteCount) }
  func publish() {}
  func discard() {}
}
