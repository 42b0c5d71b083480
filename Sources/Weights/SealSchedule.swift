/// Which step of sealing several files comes next. Pure: what the threads do is theirs.
///
/// A file is on a lane while it is sealed. Its segments are encrypted in any order, a few ahead; the digest of what is
/// plain and that of what is sealed each take them in order, each by one thread at a time, so that what comes out is the
/// same however many threads there are. A lane begins only when no thread finds work on the others.
struct SealSchedule {
  /// Segments of one file that are on their way at once; each takes two buffers of 1 MiB.
  static let depth = 4

  struct Place: Hashable {
    let lane: Int
    let file: Int
    let segment: Int

    /// Which of the lane's buffers the segment is in.
    var slot: Int { segment % SealSchedule.depth }
  }

  enum Step: Hashable {
    case begin(lane: Int, file: Int)
    /// Read and encrypt.
    case encrypt(Place)
    /// Take the plaintext into its digest.
    case digest(Place)
    /// Write the ciphertext, and take it into its digest.
    case append(Place)
    case finish(lane: Int, file: Int)
  }

  private struct Lane {
    let file: Int
    let count: Int
    var hasBegun = false
    var encrypting = 0
    var encrypted: Set<Int> = []
    var digested = 0
    var appended = 0
    var isDigesting = false
    var isAppending = false
    var isFinishing = false

    var isDone: Bool { digested == count && appended == count }
    /// The first segment whose buffers are in use.
    var oldest: Int { min(digested, appended) }
  }

  private var waiting: ArraySlice<(file: Int, segments: Int)>
  private var lanes: [Lane?]

  /// - Parameters:
  ///   - files: each one's number and how many segments it has; the largest first makes the end come together.
  ///   - width: how many threads ask.
  init(files: [(file: Int, segments: Int)], width: Int) {
    waiting = files[...]
    lanes = Array(repeating: nil, count: Self.laneCount(width: width, files: files.count))
  }

  /// A file keeps between two and three threads busy: two digests, and the encryption.
  static func laneCount(width: Int, files: Int) -> Int { max(1, min(1 + width / 2, files)) }

  var isDone: Bool { waiting.isEmpty && lanes.allSatisfy { $0 == nil } }

  /// The next step, which is then the caller's; `nil` when there is none at present, or at all.
  mutating func next() -> Step? {
    for index in lanes.indices {
      if let step = closing(index) { return step }
    }
    for index in lanes.indices {
      if let step = opening(index) { return step }
    }
    guard let index = lanes.firstIndex(where: { $0 == nil }), let (file, segments) = waiting.popFirst() else {
      return nil
    }
    lanes[index] = Lane(file: file, count: segments)
    return .begin(lane: index, file: file)
  }

  /// What frees buffers.
  private mutating func closing(_ index: Int) -> Step? {
    guard var lane = lanes[index], lane.hasBegun, !lane.isFinishing else { return nil }
    defer { lanes[index] = lane }
    if lane.isDone {
      lane.isFinishing = true
      return .finish(lane: index, file: lane.file)
    }
    if !lane.isAppending, lane.encrypted.contains(lane.appended) {
      lane.isAppending = true
      return .append(Place(lane: index, file: lane.file, segment: lane.appended))
    }
    if !lane.isDigesting, lane.encrypted.contains(lane.digested) {
      lane.isDigesting = true
      return .digest(Place(lane: index, file: lane.file, segment: lane.digested))
    }
    return nil
  }

  /// What fills them.
  private mutating func opening(_ index: Int) -> Step? {
    guard var lane = lanes[index], lane.hasBegun, lane.encrypting < min(lane.count, lane.oldest + Self.depth) else {
      return nil
    }
    let place = Place(lane: index, file: lane.file, segment: lane.encrypting)
    lane.encrypting += 1
    lanes[index] = lane
    return .encrypt(place)
  }

  /// The caller has taken a step that `next` gave it.
  mutating func finished(_ step: Step) {
    switch step {
    case .begin(let index, _): lanes[index]?.hasBegun = true
    case .encrypt(let place): lanes[place.lane]?.encrypted.insert(place.segment)
    case .digest(let place):
      lanes[place.lane]?.digested += 1
      lanes[place.lane]?.isDigesting = false
      forget(place)
    case .append(let place):
      lanes[place.lane]?.appended += 1
      lanes[place.lane]?.isAppending = false
      forget(place)
    case .finish(let index, _): lanes[index] = nil
    }
  }

  private mutating func forget(_ place: Place) {
    guard let lane = lanes[place.lane], place.segment < lane.oldest else { return }
    lanes[place.lane]?.encrypted.remove(place.segment)
  }
}
