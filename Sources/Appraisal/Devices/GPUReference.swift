import Bytes
package import Evidence

/// What a bundle asks of a platform's NVIDIA GPUs: the member `gpus`. A bundle without it admits no platform that shows
/// any: nobody approved them.
///
/// JSON: `{"count":8,"models":["GH100"],"boards":[…],"modes":["PPCIE"],"minimumDriver":"550.90.07","minimumVBIOS":
/// "96.00.9F.00.01","devices":[…],"acceptingUnprovenTopology":true,"acceptingMissingFirmwareID":true}`. What is left out of the optional lists is not asked; `openEnds` names each.
package struct GPUReference: Equatable, Sendable {
  /// Exactly so many, all of them different.
  package let count: Int
  /// Chips, as their certificates name them; never empty.
  package let models: [String]
  /// Project, its SKU and the chip's: `1010_0200_882`.
  package let boards: [String]?
  /// How they may reach one another. Default: not at all.
  package let modes: [DeviceMode]
  let minimumDriver: DottedVersion?
  let minimumVBIOS: DottedVersion?
  /// SHA-256 of the public keys of the very devices.
  package let devices: [[UInt8]]?
  /// GPUs that talk over switches may come without these.
  package let acceptingUnprovenTopology: Bool
  /// GPUs whose firmware is too old to say which it is.
  package let acceptingMissingFirmwareID: Bool

  package static let countLimit = 8

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    count = try reader.integer("count")
    guard (1...Self.countLimit).contains(count) else { throw ParseError(reader.name("count"), .outOfRange) }
    models = try reader.list("models", Self.name)
    boards = try reader.optionalList("boards", Self.name)
    modes =
      try reader.optionalList("modes") { value in value.stringValue.flatMap { DeviceMode(rawValue: $0) } }
      ?? [.singleGPU]
    minimumDriver = try Self.version(&reader, "minimumDriver", radix: 10)
    minimumVBIOS = try Self.version(&reader, "minimumVBIOS", radix: 16)
    devices = try reader.optionalList("devices", JSONReader.hexItem(32))
    if let devices, devices.count < count { throw ParseError(reader.name("devices"), .outOfRange) }
    acceptingUnprovenTopology = try reader.optionalBool("acceptingUnprovenTopology") ?? false
    acceptingMissingFirmwareID = try reader.optionalBool("acceptingMissingFirmwareID") ?? false
    try reader.finish()
  }

  private static func name(_ value: JSONValue) -> String? {
    value.stringValue.flatMap { BundleText.isName($0) ? $0 : nil }
  }

  private static func version(
    _ reader: inout JSONReader, _ key: String, radix: Int
  ) throws(ParseError) -> DottedVersion? {
    guard let text = try reader.optionalString(key) else { return nil }
    guard let version = DottedVersion(text, radix: radix) else { throw ParseError(reader.name(key), .unexpected) }
    return version
  }

  /// What this section does not ask, in words, for whoever is about to sign it.
  var openEnds: [String] {
    var open: [String] = []
    if minimumDriver == nil { open.append("no GPU driver is asked for: any that NVIDIA ever signed is accepted") }
    if minimumVBIOS == nil { open.append("no VBIOS is asked for: any that NVIDIA ever signed is accepted") }
    if boards == nil { open.append("GPU boards are not pinned: any board of the models is accepted") }
    if devices == nil { open.append("GPUs are not pinned: another machine's GPU of this kind is accepted") }
    if acceptingUnprovenTopology { open.append("GPUs whose switches nobody attested are accepted") }
    if acceptingMissingFirmwareID { open.append("GPUs that cannot say which firmware signed are accepted") }
    return open
  }
}
