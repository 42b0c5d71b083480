import Bytes
import Cryptography
import KBSProtocol

/// How this log writes names: as they are, or as salted commitments that only the broker can open. Fixed at `init`.
struct LeafNames: Sendable {
  /// The members of a leaf that hold names of resources, bundles and statements' scopes.
  static let members: Set<String> = ["resource", "bundle", "bundles", "bound", "scope"]
  static let idByteCount = 16

  private let key: SharedSecret?
  private let random: @Sendable (Int) -> [UInt8]

  /// - Parameter key: of 32 bytes; `nil` for names in clear.
  init(key: SharedSecret?, random: @escaping @Sendable (Int) -> [UInt8]) {
    self.key = key
    self.random = random
  }

  var isPrivate: Bool { key != nil }

  /// Whatever is hashed beside a name is made unguessable by this.
  func noise() -> JSONValue? { key == nil ? nil : .string(Hex.encode(random(Self.idByteCount))) }

  /// The writer of one new leaf.
  func writer() -> Writer { Writer(key: key, id: key == nil ? [] : random(Self.idByteCount)) }

  /// The writer that a leaf of this log was written by; `nil` when its names are in clear.
  func writer(of leaf: JSONValue) -> Writer? {
    guard let key, let id = leaf["names"]?.stringValue.flatMap({ try? Hex.decode($0, "names") }),
      id.count == Self.idByteCount
    else { return nil }
    return Writer(key: key, id: id)
  }

  /// Writes the names of one leaf. Each place has a salt of its own, made of the broker's key and the leaf's id.
  struct Writer: Sendable {
    fileprivate let key: SharedSecret?
    fileprivate let id: [UInt8]

    func salt(of place: String) -> [UInt8]? {
      key?.withSecret { key in
        HKDF.sha256(
          key, salt: id, info: Array("vouchsafe/log-name-salt/v1 \(place)".utf8), count: NameCommitment.saltByteCount
        ).withBytes { span in (0..<span.byteCount).map { span.byte(at: $0) } }
      }
    }

    /// The members with their names as this log writes them, and the id that they can be opened by.
    func written(_ members: [(String, JSONValue)]) -> [(String, JSONValue)] {
      guard key != nil else { return members }
      return members.map { name, value in
        (name, LeafNames.members.contains(name) ? written(value, at: name) : value)
      } + [("names", .string(Hex.encode(id)))]
    }

    private func written(_ value: JSONValue, at place: String) -> JSONValue {
      switch value {
      case .string(let name):
        return salt(of: place).map { NameCommitment(to: name, salt: $0).json } ?? value
      case .array(let items):
        return .array(items.enumerated().map { written($0.element, at: "\(place).\($0.offset)") })
      default: return value
      }
    }

    /// Where the commitments of a leaf are.
    func places(in leaf: JSONValue) -> [(place: String, commitment: NameCommitment)] {
      LeafNames.members.sorted().flatMap { place -> [(place: String, commitment: NameCommitment)] in
        switch leaf[place] {
        case .array(let items):
          items.enumerated().compactMap { offset, item in
            NameCommitment(item).map { ("\(place).\(offset)", $0) }
          }
        case .some(let value): NameCommitment(value).map { [(place, $0)] } ?? []
        case nil: []
        }
      }
    }
  }
}
