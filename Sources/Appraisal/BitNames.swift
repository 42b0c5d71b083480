import Bytes

/// The names of the bits of a 64-bit field, and what a bundle says about them.
enum BitNames {
  /// Guest policy. Spec: SEV-SNP firmware ABI, table "Guest Policy"; bits 0–15 are the ABI version, bit 17 is always set.
  static let guestPolicy: [(name: String, bit: UInt64)] = [
    ("smtAllowed", 16), ("migrationAgentAllowed", 18), ("debugAllowed", 19), ("singleSocket", 20), ("cxlAllowed", 21),
    ("memoryAES256XTS", 22), ("raplDisabled", 23), ("ciphertextHiding", 24), ("pageSwapDisabled", 25),
  ]

  /// PLATFORM_INFO of the report.
  static let platformInfo: [(name: String, bit: UInt64)] = [
    ("smtEnabled", 0), ("tsmeEnabled", 1), ("eccEnabled", 2), ("raplDisabled", 3), ("ciphertextHiding", 4),
    ("aliasCheckComplete", 5), ("iommuWriteSafe", 6), ("tioEnabled", 7),
  ]
}

extension BitNames {
  /// TDATTRIBUTES. Spec: Intel TDX Module ABI.
  static let tdAttributes: [(name: String, bit: UInt64)] = [
    ("debug", 0), ("lass", 27), ("septVEDisabled", 28), ("migratable", 29), ("protectionKeys", 30), ("keyLocker", 31),
    ("partitioningAware", 62), ("performanceMonitored", 63),
  ]
}

/// Which bits of a field must be set and which must be clear. Bits without a name are the strict rule's.
package struct BitRequirements: Equatable, Sendable {
  package var required: UInt64 = 0
  package var forbidden: UInt64 = 0

  package init() {}

  /// Reads `{"required":[…],"forbidden":[…]}`.
  /// - Parameter neverRequired: names that `required` may not hold.
  init(
    parsing reader: JSONReader, names: [(name: String, bit: UInt64)], neverRequired: Set<String>
  ) throws(ParseError) {
    var reader = reader
    required = try Self.mask(&reader, "required", names.filter { !neverRequired.contains($0.name) })
    forbidden = try Self.mask(&reader, "forbidden", names)
    guard required & forbidden == 0 else { throw ParseError(reader.name("required"), .duplicate) }
    try reader.finish()
  }

  /// The bits of `value` that are not as they must be.
  func mismatches(
    _ value: UInt64, _ field: String, _ names: [(name: String, bit: UInt64)],
    _ codes: (missing: Mismatch.Code, forbidden: Mismatch.Code)
  ) -> [Mismatch] {
    var found: [Mismatch] = []
    for (name, bit) in names {
      let isSet = value >> bit & 1 == 1
      if !isSet, required >> bit & 1 == 1 {
        found.append(Mismatch(codes.missing, "\(field).\(name)", got: "0", wanted: "1"))
      }
      if isSet, forbidden >> bit & 1 == 1 {
        found.append(Mismatch(codes.forbidden, "\(field).\(name)", got: "1", wanted: "0"))
      }
    }
    return found
  }

  private static func mask(
    _ reader: inout JSONReader, _ key: String, _ names: [(name: String, bit: UInt64)]
  ) throws(ParseError) -> UInt64 {
    guard reader.has(key) else {
      _ = reader.optionalValue(key)
      return 0
    }
    var mask: UInt64 = 0
    for name in try reader.strings(key) {
      guard let bit = names.first(where: { $0.name == name })?.bit else {
        throw ParseError(reader.name(key), .unexpected)
      }
      guard mask >> bit & 1 == 0 else { throw ParseError(reader.name(key), .duplicate) }
      mask |= 1 << bit
    }
    guard mask != 0 else { throw ParseError(reader.name(key), .missing) }
    return mask
  }
}
