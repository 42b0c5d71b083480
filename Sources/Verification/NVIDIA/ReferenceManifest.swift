import Bytes
import Cryptography

/// What NVIDIA says a driver or a firmware measures to (a RIM): read from the very tree whose digest its signature
/// covers, not verified.
///
/// Spec: ISO/IEC 19770-2:2015 SoftwareIdentity, TCG Reference Integrity Manifest information model, as NVIDIA writes it.
struct ReferenceManifest: Sendable, Equatable {
  /// `GH100`, `LS10`.
  let product: String
  /// `GPU` or `SWITCH`.
  let edition: String
  /// Of the driver or the firmware, as its maker writes it.
  let version: String
  /// Permitted SHA-384 digests by index of those measurements that count; index 0 is block 1 of a report.
  let active: [Int: [[UInt8]]]
  let signature: ManifestSignature
  /// SHA-384 of the canonical document without its signature.
  let documentDigest: [UInt8]

  private static let identity = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
  private static let information =
    "https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/"
  private static let hash = "http://www.w3.org/2001/04/xmlenc#sha384"
  private static let manufacturerID = "5703"
  private static let blockLimit = 64
  private static let alternativesLimit = 16

  init(parsing bytes: [UInt8]) throws(ParseError) {
    let root = try XMLReader.parse(bytes)
    guard root.name.isCalled("SoftwareIdentity", in: Self.identity), root.holdsElementsOnly else {
      throw ParseError("manifest", .unexpected)
    }
    guard Self.signatures(in: root) == 1, let seal = root.elements.last,
      seal.name.isCalled("Signature", in: ManifestSignature.namespace)
    else { throw ParseError("manifest.Signature", .unexpected) }
    signature = try ManifestSignature(seal, scope: root.declarations)
    documentDigest = Hash.sha384.digest(CanonicalXML.encode(root, omitting: seal))
    let body = try Self.body(root.elements.dropLast())
    product = try Self.value("product", of: body.meta)
    edition = try Self.value("edition", of: body.meta)
    version = try Self.value("colloquialVersion", of: body.meta)
    guard body.meta.attribute("FirmwareManufacturerId", in: Self.information) == Self.manufacturerID else {
      throw ParseError("manifest.FirmwareManufacturerId", .unexpected)
    }
    active = try Self.active(body.payload)
  }

  /// How many there are anywhere in the document.
  private static func signatures(in element: XMLElement) -> Int {
    let own = element.name.local == "Signature" ? 1 : 0
    return element.elements.reduce(own) { $0 + signatures(in: $1) }
  }

  /// Meta and Payload, each once, and nothing beside them but who made the document.
  private static func body(
    _ children: ArraySlice<XMLElement>
  ) throws(ParseError) -> (meta: XMLElement, payload: XMLElement) {
    func all(_ local: String) -> [XMLElement] { children.filter { $0.name.isCalled(local, in: identity) } }
    let (metas, payloads) = (all("Meta"), all("Payload"))
    guard metas.count == 1, payloads.count == 1, all("Entity").count + 2 == children.count,
      metas[0].children.isEmpty, all("Entity").allSatisfy(\.children.isEmpty)
    else { throw ParseError("manifest", .unexpected) }
    return (metas[0], payloads[0])
  }

  private static func value(_ attribute: String, of meta: XMLElement) throws(ParseError) -> String {
    guard let text = meta.attribute(attribute), !text.isEmpty else {
      throw ParseError("manifest.\(attribute)", .missing)
    }
    return text
  }

  private static func active(_ payload: XMLElement) throws(ParseError) -> [Int: [[UInt8]]] {
    guard payload.holdsElementsOnly, payload.attributes.isEmpty, !payload.elements.isEmpty else {
      throw ParseError("manifest.Payload", .unexpected)
    }
    var seen = Set<Int>()
    var active: [Int: [[UInt8]]] = [:]
    for element in payload.elements {
      let resource = try Resource(element)
      guard seen.insert(resource.index).inserted else { throw ParseError("manifest.Resource.index", .duplicate) }
      if resource.isActive { active[resource.index] = resource.digests }
    }
    return active
  }

  /// One measurement.
  private struct Resource {
    let index: Int
    let isActive: Bool
    let digests: [[UInt8]]

    init(_ element: XMLElement) throws(ParseError) {
      guard element.name.isCalled("Resource", in: identity), element.children.isEmpty,
        element.attribute("type") == "Measurement", element.attribute("size") == "48"
      else { throw ParseError("manifest.Resource", .unexpected) }
      index = try Self.number(element, "index", 0..<blockLimit)
      let count = try Self.number(element, "alternatives", 1..<alternativesLimit + 1)
      switch element.attribute("active") {
      case "True": isActive = true
      case "False": isActive = false
      default: throw ParseError("manifest.Resource.active", .unexpected)
      }
      var digests: [[UInt8]] = []
      for alternative in 0..<count {
        guard let text = element.attribute("Hash\(alternative)", in: hash), text.utf8.count == 96 else {
          throw ParseError("manifest.Resource.Hash", .missing)
        }
        digests.append(try Hex.decode(text, "manifest.Resource.Hash"))
      }
      self.digests = digests
      let known = ["type", "index", "active", "alternatives", "name", "size"]
      let others = element.attributes.filter { !($0.name.namespace.isEmpty && known.contains($0.name.local)) }
      guard others.count == count else { throw ParseError("manifest.Resource", .unknownField) }
    }

    private static func number(
      _ element: XMLElement, _ name: String, _ range: Range<Int>
    ) throws(ParseError) -> Int {
      guard let text = element.attribute(name), let value = Int(text), String(value) == text, range.contains(value)
      else { throw ParseError("manifest.Resource.\(name)", .outOfRange) }
      return value
    }
  }
}
