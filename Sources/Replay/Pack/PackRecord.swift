import Bytes
import Cryptography
import KBSProtocol

/// One record of an audit pack: one file with a log and everything that its decisions were made from. Unverified.
///
/// A pack is `vouchsafe/pack/v1\n` and then records, each `kind u8 ‖ length u32 BE ‖ chain 32 ‖ body`, where chain is
/// SHA-256(chain of the record before, of the first: SHA-256 of the first line ‖ kind ‖ length ‖ body). In this order, nothing
/// else, and every number of records that is not said to be one may be none:
///
/// 1. `H`, one: `{"from","origin","schema","size"}`, canonical JSON.
/// 2. `C`, one: the checkpoint, a signed note with whatever witnesses added to it.
/// 3. `K`: earlier checkpoints that the log signed, by rising size, each below that of `C`.
/// 4. `O`, at most one: the names that a log keeps private, canonical JSON; each is checked against its commitment.
/// 5. For a pack that begins at an entry above 0: what changed the registry before it, as `X` (`index u64 BE ‖ hashes u8 ‖
///    inclusion proof ‖ entry`), each after its blobs; then `F`, the tree before the first entry.
/// 6. `E`: every entry, in order, each after the blobs that it is the first to need.
/// 7. `F`, one: the whole tree.
///
/// Blobs are `B`, the bytes, or `A`, the SHA-256 of one that was not there any more; by rising SHA-256 before each entry.
/// `F` is the roots of the complete subtrees of the tree, the largest first, 32 bytes each. One log, one set of blobs: one pack.
package struct PackRecord: Equatable, Sendable {
  package enum Kind: UInt8, CaseIterable, Sendable {
    case header = 0x48
    case checkpoint = 0x43
    case known = 0x4B
    case openings = 0x4F
    case context = 0x58
    case absent = 0x41
    case blob = 0x42
    case entry = 0x45
    case frontier = 0x46

    /// Bytes of the longest body.
    package var limitBytes: Int {
      switch self {
      case .header: 4096
      case .checkpoint, .known: 65_536
      case .openings: NameOpenings.limitBytes
      case .context: 65_535 + 9 + 64 * 32
      case .absent: 32
      case .blob: 16 << 20
      case .entry: 65_535
      case .frontier: 64 * 32
      }
    }
  }

  package static let magic = Array("vouchsafe/pack/v1\n".utf8)
  package static let headBytes = 1 + 4 + 32
  package static let firstChain = Hash.sha256.digest(magic)

  package let kind: Kind
  package let body: [UInt8]

  package init(_ kind: Kind, _ body: [UInt8]) {
    self.kind = kind
    self.body = body
  }

  /// The record as it stands after one whose chain is `chain`, and its own chain.
  package func encoded(after chain: [UInt8]) -> (bytes: [UInt8], chain: [UInt8]) {
    let next = Self.chain(after: chain, kind.rawValue, body)
    var output = ByteWriter()
    output.append([kind.rawValue])
    output.bigEndian(UInt32(body.count))
    output.append(next)
    output.append(body)
    return (output.bytes, next)
  }

  static func chain(after chain: [UInt8], _ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
    var input = ByteWriter()
    input.append(chain)
    input.append([kind])
    input.bigEndian(UInt32(body.count))
    input.append(body)
    return Hash.sha256.digest(input.bytes)
  }
}

/// What the first record says of a pack.
struct PackHeader: Equatable {
  static let schema = "vouchsafe/pack/v1"

  let origin: String
  /// The first entry.
  let from: UInt64
  /// Entries of the log, those before `from` included.
  let size: UInt64

  init(origin: String, from: UInt64, size: UInt64) {
    self.origin = origin
    self.from = from
    self.size = size
  }

  var bytes: [UInt8] {
    CanonicalJSON.encode([
      "from": .int(from), "origin": .string(origin), "schema": .string(Self.schema), "size": .int(size),
    ])
  }

  init(parsing bytes: [UInt8]) throws(ParseError) {
    var reader = try JSONReader(try StrictJSON.parse(bytes), "header")
    guard try reader.string("schema") == Self.schema else { throw ParseError("header.schema", .unexpected) }
    from = try reader.integer("from")
    origin = try reader.string("origin")
    size = try reader.integer("size")
    try reader.finish()
    guard self.bytes == bytes, from <= size else { throw ParseError("header", .notCanonical) }
  }
}
