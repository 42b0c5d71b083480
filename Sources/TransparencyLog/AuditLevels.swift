import Cryptography

/// The auditor's own tree: for each level the hashes of the tile that is being filled, compared with the published tile as
/// soon as it is complete.
struct AuditLevels: Sendable {
  /// Hashes of the unfinished tile of each level, and how many tiles came before it.
  private var pending: [[[UInt8]]]
  private var finished: [UInt64]

  init() {
    pending = [[]]
    finished = [0]
  }

  /// Goes on from the unfinished tiles of a tree of `size` entries; `nil` when they are not as many hashes as it has.
  init?(size: UInt64, edge: [UInt8]) {
    pending = []
    finished = []
    var rest = edge[...]
    var width = size
    repeat {
      let count = Int(width & 255)
      guard rest.count >= 32 * count else { return nil }
      pending.append((0..<count).map { Array(rest.dropFirst(32 * $0).prefix(32)) })
      rest = rest.dropFirst(32 * count)
      width >>= 8
      finished.append(width)
    } while width > 0
    guard rest.isEmpty else { return nil }
  }

  /// Every hash of the unfinished tiles, lowest level first.
  var edge: [UInt8] { pending.flatMap { $0.flatMap { $0 } } }

  /// Whether the unfinished tile of entries holds this entry at `index`.
  func holds(_ entry: [UInt8], at index: UInt64) -> Bool {
    let offset = Int(index & 255)
    return index >> 8 == finished[0] && offset < pending[0].count && pending[0][offset] == Self.leaf(entry)
  }

  mutating func add(entry: [UInt8], _ source: inout some LogSource) async throws {
    try await add(Self.leaf(entry), &source)
  }

  private static func leaf(_ entry: [UInt8]) -> [UInt8] { Hash.sha256.digest([0] + entry) }

  /// Adds the next leaf hash.
  mutating func add(_ leaf: [UInt8], _ source: inout some LogSource) async throws {
    pending[0].append(leaf)
    var level = 0
    while pending[level].count == 256 {
      let tile = pending[level]
      try await compare(tile, level, &source)
      pending[level] = []
      finished[level] += 1
      level += 1
      if level == pending.count {
        pending.append([])
        finished.append(0)
      }
      pending[level].append(Self.hash(tile[...]))
    }
  }

  /// Compares the unfinished tiles.
  func finish(_ source: inout some LogSource) async throws {
    for level in pending.indices where !pending[level].isEmpty { try await compare(pending[level], level, &source) }
  }

  /// The tree's root by the definition: the hash over a list is the hash over its larger power of two and the rest.
  ///
  /// Each level's unfinished hashes are followed by one that covers everything below them.
  var root: [UInt8] { Self.root(pending) }

  /// - Parameter pending: each level's hashes in its unfinished tile, lowest level first.
  static func root(_ pending: [[[UInt8]]]) -> [UInt8] {
    var below: [UInt8]?
    for hashes in pending { below = cap(hashes, below) }
    return below ?? Hash.sha256.digest([])
  }

  private static func cap(_ hashes: [[UInt8]], _ below: [UInt8]?) -> [UInt8]? {
    let all = hashes + (below.map { [$0] } ?? [])
    return all.isEmpty ? nil : hash(all[...])
  }

  static func hash(_ list: ArraySlice<[UInt8]>) -> [UInt8] {
    guard list.count > 1 else { return list[list.startIndex] }
    var half = 1
    while half * 2 < list.count { half *= 2 }
    return Hash.sha256.digest([1] + hash(list.prefix(half)) + hash(list.dropFirst(half)))
  }

  private func compare(_ tile: [[UInt8]], _ level: Int, _ source: inout some LogSource) async throws {
    let path = auditPath("\(level)", finished[level], tile.count)
    guard let bytes = try await source.file(at: path) else { throw AuditFailure.missing(path) }
    guard bytes == tile.flatMap({ $0 }) else { throw AuditFailure.tileMismatch(path) }
  }
}
