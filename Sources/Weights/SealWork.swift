import Cryptography
import Synchronization

/// Files on their way from plain to sealed, by several threads.
final class SealWork: Sendable {
  private let inputs: [Sealer.Input]
  private let headers: [StreamHeader]
  private let identity: ModelIdentity
  private let key: ModelKey
  private let store: any BlobStore
  private let finished: @Sendable (Manifest.File) throws -> Void
  private let progress: @Sendable (Int) -> Void
  private let width: Int
  private let lanes: [SealLane]
  private let crew: SealCrew
  private let files = Mutex<[Manifest.File]>([])

  init(
    inputs: [Sealer.Input], headers: [StreamHeader], identity: ModelIdentity, key: ModelKey, store: any BlobStore,
    finished: @escaping @Sendable (Manifest.File) throws -> Void, progress: @escaping @Sendable (Int) -> Void,
    width: Int
  ) {
    self.inputs = inputs
    self.headers = headers
    self.identity = identity
    self.key = key
    self.store = store
    self.finished = finished
    self.progress = progress
    self.width = width
    let counts = inputs.enumerated().map {
      (file: $0, segments: StreamLayout(plaintextSize: $1.file.byteCount).segmentCount)
    }
    // The largest begins first, so that it does not end alone.
    let order = counts.sorted { ($1.segments, $0.file) < ($0.segments, $1.file) }
    lanes = (0..<SealSchedule.laneCount(width: width, files: inputs.count)).map { _ in SealLane() }
    crew = SealCrew(SealSchedule(files: order, width: width))
  }

  /// - Returns: what the manifest says of each file, in no order.
  func run() throws(WeightsError) -> [Manifest.File] {
    try onThreads(width) { self.takeSteps() }
    return files.withLock { $0 }
  }

  private func takeSteps() -> WorkFailure? {
    let cipher = FileCipher()
    while let step = crew.next() {
      do {
        try take(step, cipher)
      } catch {
        crew.stop()
        let path = inputs[step.file].path
        return WorkFailure(number: step.file, error: error as? WeightsError ?? .storage(path: path, .init(error)))
      }
      crew.finished(step)
    }
    return nil
  }

  private func take(_ step: SealSchedule.Step, _ cipher: FileCipher) throws {
    switch step {
    case .begin(let lane, let file):
      try lanes[lane].begin(inputs[file], header: headers[file], blob: try store.makeBlob())
    case .encrypt(let place):
      try lanes[place.lane].encrypt(place, with: cipher) { header, path in
        key.fileKey(header, associatedData: identity.associatedData(path: path))
      }
    case .digest(let place): progress(lanes[place.lane].digest(place))
    case .append(let place): try lanes[place.lane].append(place)
    case .finish(let lane, _):
      guard let file = try lanes[lane].finish() else { return }
      try finished(file)
      files.withLock { $0.append(file) }
    }
  }
}

extension SealSchedule.Step {
  /// The number of the file it is about.
  var file: Int {
    switch self {
    case .begin(_, let file), .finish(_, let file): file
    case .encrypt(let place), .digest(let place), .append(let place): place.file
    }
  }
}
