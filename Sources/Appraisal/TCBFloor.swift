import Bytes
package import Evidence

/// The lowest firmware levels of one product that a bundle accepts, both as reported and as they were at launch.
package struct TCBFloor: Equatable, Sendable {
  package let reported: TCBVersion.Components
  package let launch: TCBVersion.Components

  init(parsing reader: JSONReader, product: SNPProduct) throws(ParseError) {
    var reader = reader
    reported = try Self.levels(try reader.object("reported"), product)
    launch = try Self.levels(try reader.object("launch"), product)
    try reader.finish()
  }

  /// Every component is named: one that is left out would be one that is not checked.
  private static func levels(_ reader: JSONReader, _ product: SNPProduct) throws(ParseError) -> TCBVersion.Components {
    var reader = reader
    let levels = TCBVersion.Components(
      fmc: product.layout == .family1A ? try reader.integer("fmc") : nil, bootLoader: try reader.integer("bootLoader"),
      tee: try reader.integer("tee"), snp: try reader.integer("snp"), microcode: try reader.integer("microcode"))
    try reader.finish()
    return levels
  }
}

extension TCBVersion.Components {
  /// The components in which this is lower than `floor`; one that the floor has and this has not counts as lower.
  func shortfalls(below floor: Self) -> [(component: String, got: String, wanted: UInt8)] {
    let pairs: [(String, UInt8?, UInt8?)] = [
      ("fmc", fmc, floor.fmc), ("bootLoader", bootLoader, floor.bootLoader), ("tee", tee, floor.tee),
      ("snp", snp, floor.snp), ("microcode", microcode, floor.microcode),
    ]
    return pairs.compactMap { component, got, wanted in
      guard let wanted else { return nil }
      guard let got else { return (component, "none", wanted) }
      return got < wanted ? (component, "\(got)", wanted) : nil
    }
  }
}
