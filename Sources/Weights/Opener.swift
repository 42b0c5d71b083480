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

  /// The most threads that are used. Each has up to three buffers of 1 MiB, so that all of them, and what a source reads
  /// ahead, stay below 64 MiB whatever the model's size.
  package static let widthLimit = 16

  private let manifest: Manifest
  private let key: ModelKey
  private let width: Int
  private let checking: Checking

  /// - Parameters:
  ///   - manifest: verified, see `SignedManifest`.
  ///   - width: threads to use, at most `widthLimit`.
  /// - Throws: `.wrongKey` before anything is read.
  package init(
    _ manifest: Manifest, key: ModelKey, width: Int, checking: Checking = .segments
  ) throws(WeightsError) {
    try key.check(against: manifest)
    self.manifest = manifest
    self.key = key
    self.width = min(max(1, width), Self.widthLimit)
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

  private func openBlobs(
    _ source: any CiphertextSource, _ destination: any Destination
  ) throws(WeightsError) -> [SealedFile] {
    try manifest.files.map { file throws(WeightsError) in
      do {
        let blob = try source.blob(named: file.blob)
        guard blob.byteCount == file.layout.ciphertextSize else { throw WeightsError.ciphertextSize(path: file.path) }
        let header = try StreamHeader(parsing: try blob.bytes(at: 0, count: StreamLayout.headerSize))
        let output = try destination.makeFile(at: file.path, byteCount: file.size)
        return SealedFile(path: file.path, layout: file.layout, header: header, blob: blob, output: output)
      } catch let error as WeightsError {
        throw error
      } catch is ParseError {
        throw .header(path: file.path)
      } catch {
        throw .storage(path: file.path, .init(error))
      }
    }
  }

  private func openSegments(_ files: [SealedFile], _ progress: @escaping @Sendable (Int) -> Void) throws(WeightsError) {
    let plan = FetchPlan(manifest, width: width)
    try concurrently(width: width, count: plan.count, makeState: { SegmentWorker() }) {
      (number, worker) throws(WeightsError) in
      let run = plan[number]
      try open(run, of: files[run.file], worker) { progress($0.byteCount) }
    }
  }

  /// One file a thread, so that its digest can be made in order.
  private func openFiles(_ files: [SealedFile], _ progress: @escaping @Sendable (Int) -> Void) throws(WeightsError) {
    let plan = FetchPlan(manifest, width: 1)
    try concurrently(width: width, count: files.count, makeState: { SegmentWorker() }) {
      (number, worker) throws(WeightsError) in
      var digest = HashStream(.sha256)
      for run in plan.runs(of: number) {
        try open(plan[run], of: files[number], worker) { plaintext in
          digest.update(plaintext)
          progress(plaintext.byteCount)
        }
      }
      guard digest.finish() == manifest.files[number].sha256 else { throw .digest(path: files[number].path) }
    }
  }

  private func open(
    _ run: FetchPlan.Run, of file: SealedFile, _ worker: SegmentWorker, _ opened: (RawSpan) -> Void
  ) throws(WeightsError) {
    do throws(CryptoError) {
      try worker.prepare(file: run.file) {
        key.fileKey(file.header, associatedData: manifest.identity.associatedData(path: file.path))
      }
    } catch {
      throw .segment(path: file.path, index: run.segments.lowerBound)
    }
    try worker.open(run, of: file, opened)
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
