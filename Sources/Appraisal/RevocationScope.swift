package import Bytes
package import Evidence
package import KBSProtocol

/// What a revocation stops. Spec: reliability §7.3.
package enum RevocationScope: Hashable, Sendable {
  case bundle(String)
  /// 48 bytes: a launch digest, or the value of a register.
  case measurement([UInt8])
  case resource(ResourcePath)
  /// One platform: 64 bytes of CHIP_ID, or 16 of PPID or of a platform instance id.
  case chip([UInt8])
  /// A whole generation of processors.
  case product(SNPProduct)
  case everything

  /// Reads `bundle/NAME`, `measurement/HEX`, `resource/REPOSITORY/TYPE/TAG`, `chip/HEX`, `product/NAME` or `everything`.
  package init(parsing text: String) throws(ParseError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let value = parts.count == 2 ? parts[1] : ""
    switch parts[0] {
    case "everything" where parts.count == 1: self = .everything
    case "bundle" where BundleText.isName(value): self = .bundle(value)
    case "measurement": self = .measurement(try Self.bytes(value, 48))
    case "chip": self = .chip(try Self.bytes(value, 64, 16))
    case "resource":
      guard let path = try? ResourcePath(value) else { throw ParseError("scope", .unexpected) }
      self = .resource(path)
    case "product":
      guard let product = SNPProduct(rawValue: value) else { throw ParseError("scope", .unexpected) }
      self = .product(product)
    default: throw ParseError("scope", .unexpected)
    }
  }

  package var text: String {
    switch self {
    case .bundle(let name): "bundle/\(name)"
    case .measurement(let bytes): "measurement/\(Hex.encode(bytes))"
    case .resource(let path): "resource/\(path)"
    case .chip(let bytes): "chip/\(Hex.encode(bytes))"
    case .product(let product): "product/\(product.rawValue)"
    case .everything: "everything"
    }
  }

  /// Lower-case hexadecimal of that many bytes: one scope, one text.
  private static func bytes(_ text: String, _ counts: Int...) throws(ParseError) -> [UInt8] {
    let bytes = try Hex.decode(text, "scope")
    guard counts.contains(bytes.count), Hex.encode(bytes) == text else { throw ParseError("scope", .notCanonical) }
    return bytes
  }
}
