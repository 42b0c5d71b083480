import Bytes

/// The tree as its tiles hold it, up to a published size. Reads each tile once.
struct PublishedTree: TreeNodes {
  let io: any DurableIO
  let size: UInt64
  private var tiles: [TilePath: [MerkleHash]] = [:]

  init(_ io: any DurableIO, size: UInt64) {
    self.io = io
    self.size = size
  }

  mutating func node(height: Int, index: UInt64) throws(LogError) -> MerkleHash {
    let (level, inner) = (height / 8, UInt64(height % 8))
    let start = index << inner
    let hashes = try tile(level: level, index: start >> 8)
    let offset = Int(start & 255)
    guard offset + (1 << Int(inner)) <= hashes.count else { throw .outOfRange }
    var row = Array(hashes[offset..<offset + (1 << Int(inner))])
    while row.count > 1 { row = stride(from: 0, to: row.count, by: 2).map { .node(row[$0], row[$0 + 1]) } }
    return row[0]
  }

  /// The hashes of a tile as wide as the published size makes it.
  mutating func tile(level: Int, index: UInt64) throws(LogError) -> [MerkleHash] {
    guard let path = Self.path(.hashes(level: level), index: index, size: size) else { throw .outOfRange }
    if let known = tiles[path] { return known }
    guard let bytes = try Self.read(path, io) else { throw .damaged(.tileMissing(path)) }
    let hashes = try Self.hashes(bytes, path)
    tiles[path] = hashes
    return hashes
  }

  func entries(index: UInt64) throws(LogError) -> [[UInt8]] {
    guard let path = Self.path(.entries, index: index, size: size) else { throw .outOfRange }
    guard let bytes = try Self.read(path, io) else { throw .damaged(.tileMissing(path)) }
    guard let entries = try? EntryBundle.decode(bytes), entries.count == path.width else { throw .damaged(.tile(path)) }
    return entries
  }

  /// The tile of that index in a tree of `size` entries, full or partial; `nil` when it would be empty.
  static func path(_ kind: TilePath.Kind, index: UInt64, size: UInt64) -> TilePath? {
    let width = width(kind, size: size)
    guard index <= width >> 8 else { return nil }
    let here = index < width >> 8 ? 256 : Int(width & 255)
    return here == 0 ? nil : TilePath(kind, index: index, width: here)
  }

  /// Hashes at a level, or entries, in a tree of `size` entries.
  static func width(_ kind: TilePath.Kind, size: UInt64) -> UInt64 {
    switch kind {
    case .entries: size
    case .hashes(let level): level < 8 ? size >> (8 * UInt64(level)) : 0
    }
  }

  private static func hashes(_ bytes: [UInt8], _ path: TilePath) throws(LogError) -> [MerkleHash] {
    let stride = MerkleHash.byteCount
    let hashes = (0..<path.width).compactMap { MerkleHash(bytes.dropFirst($0 * stride).prefix(stride)) }
    guard bytes.count == path.width * stride, hashes.count == path.width else { throw .damaged(.tile(path)) }
    return hashes
  }

  private static func read(_ path: TilePath, _ io: any DurableIO) throws(LogError) -> [UInt8]? {
    do throws(DurableFailure) { return try io.read(path.path) } catch { throw .storage(error) }
  }
}

/// The whole durable tree: the right edge from memory, the rest from published tiles.
struct DurableNodes: TreeNodes {
  let edge: GrowingTree
  var published: PublishedTree

  mutating func node(height: Int, index: UInt64) throws(LogError) -> MerkleHash {
    if let node = edge.node(height: height, index: index) { return node }
    return try published.node(height: height, index: index)
  }
}
