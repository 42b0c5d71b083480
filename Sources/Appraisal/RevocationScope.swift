package import Bytes
package import Evidence
package import KBSProtocol

/// What a revocation stops. Spec: reliability §7.3.
///
/// | text | stops |
/// |---|---|
/// | `bundle/NAME` | what only this bundle admits, whatever its version |
/// | `policy/HEX` | one exact bundle or rule: the SHA-256 of its canonical JSON |
/// | `measurement/HEX` | pods with this launch digest or register |
/// | `resource/PATH`, `resource/PATH@N` | one key, or one version of it |
/// | `model/NAME` | every key `REPOSITORY/NAME/TAG` |
/// | `tenant/NAME` | every key `NAME/TYPE/TAG` |
/// | `chip/HEX`, `platform/HEX` | one machine, by its hardware id or by its pseudonym in the log |
/// | `product/NAME`, `family/HEX` | a generation of processors: AMD's product, Intel's FMSPC |
/// | `device/HEX` | one GPU, by the SHA-256 of its public key |
/// | `everything` | every release |
package enum RevocationScope: Hashable, Sendable {
  case bundle(String)
  /// 32 bytes.
  case policy([UInt8])
  /// 48 bytes: a launch digest, or the value of a register.
  case measurement([UInt8])
  case resource(ResourcePath)
  case resourceVersion(ResourcePath, UInt64)
  case model(String)
  case tenant(String)
  /// One platform: 64 bytes of CHIP_ID, or 16 of PPID or of a platform instance id.
  case chip([UInt8])
  /// 16 bytes: a platform as leaves of the log name it.
  case platform([UInt8])
  /// A whole generation of processors.
  case product(SNPProduct)
  /// 6 bytes of FMSPC.
  case family([UInt8])
  /// One GPU: SHA-256 of its public key, as claims name it.
  case device([UInt8])
  case everything

  /// The forms of a scope, for a person who has to write one.
  package static let forms = [
    "everything", "bundle/NAME", "policy/HEX", "measurement/HEX", "resource/PATH", "resource/PATH@VERSION",
    "model/NAME", "tenant/NAME", "chip/HEX", "platform/HEX", "product/NAME", "family/HEX", "device/HEX",
  ]

  package init(parsing text: String) throws(ParseError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let value = parts.count == 2 ? parts[1] : ""
    switch parts[0] {
    case "everything" where parts.count == 1: self = .everything
    case "bundle" where BundleText.isName(value): self = .bundle(value)
    case "policy": self = .policy(try Self.bytes(value, 32))
    case "measurement": self = .measurement(try Self.bytes(value, 48))
    case "chip": self = .chip(try Self.bytes(value, 64, 16))
    case "platform": self = .platform(try Self.bytes(value, 16))
    case "family": self = .family(try Self.bytes(value, 6))
    case "device": self = .device(try Self.bytes(value, 32))
    case "resource": self = try Self.resource(value)
    case "model" where Self.isSegment(value): self = .model(value)
    case "tenant" where Self.isSegment(value): self = .tenant(value)
    case "product":
      guard let product = SNPProduct(rawValue: value) else { throw ParseError("scope", .unexpected) }
      self = .product(product)
    default: throw ParseError("scope", .unexpected)
    }
  }

  package var text: String {
    switch self {
    case .bundle(let name): "bundle/\(name)"
    case .policy(let digest): "policy/\(Hex.encode(digest))"
    case .measurement(let bytes): "measurement/\(Hex.encode(bytes))"
    case .resource(let path): "resource/\(path)"
    case .resourceVersion(let path, let version): "resource/\(path)@\(version)"
    case .model(let name): "model/\(name)"
    case .tenant(let name): "tenant/\(name)"
    case .chip(let bytes): "chip/\(Hex.encode(bytes))"
    case .platform(let bytes): "platform/\(Hex.encode(bytes))"
    case .product(let product): "product/\(product.rawValue)"
    case .family(let bytes): "family/\(Hex.encode(bytes))"
    case .device(let bytes): "device/\(Hex.encode(bytes))"
    case .everything: "everything"
    }
  }

  /// A path, or a path and a version; no path holds an `@`.
  private static func resource(_ text: String) throws(ParseError) -> RevocationScope {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, let path = try? ResourcePath(parts[0]) else { throw ParseError("scope", .unexpected) }
    guard parts.count == 2 else { return .resource(path) }
    guard let version = UInt64(parts[1]), version > 0, String(version) == parts[1] else {
      throw ParseError("scope", .notCanonical)
    }
    return .resourceVersion(path, version)
  }

  private static func isSegment(_ text: String) -> Bool { (try? ResourcePath([text, "a", "b"])) != nil }

  /// Lower-case hexadecimal of that many bytes: one scope, one text.
  private static func bytes(_ text: String, _ counts: Int...) throws(ParseError) -> [UInt8] {
    let bytes = try Hex.decode(text, "scope")
    guard counts.contains(bytes.count), Hex.encode(bytes) == text else { throw ParseError("scope", .notCanonical) }
    return bytes
  }
}
