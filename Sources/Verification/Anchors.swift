package import Bytes
package import Cryptography
package import Evidence

/// One root of trust: a name and a key, and whose hardware it speaks for.
package struct Anchor: Sendable, Hashable {
  package let tee: TEE
  /// The vendor's product name, as in the anchor's own name.
  package let product: String
  package let trust: TrustAnchor
  /// Added by the operator; evidence under it is simulated.
  package let isSimulated: Bool

  package var name: String { trust.name }
  /// SHA-256 of the SubjectPublicKeyInfo, hexadecimal.
  package let fingerprint: String

  init(tee: TEE, product: String, trust: TrustAnchor, isSimulated: Bool) {
    (self.tee, self.product, self.trust, self.isSimulated) = (tee, product, trust, isSimulated)
    fingerprint = Hex.encode(Hash.sha256.digest(trust.subjectPublicKeyInfo))
  }
}

/// An anchor from a file that the operator named.
package struct ExtraAnchor: Sendable, Hashable {
  package let tee: TEE
  package let product: String
  package let trust: TrustAnchor
}

/// The roots a verifier believes: the built-in ones, and those an operator added by name.
package struct Anchors: Sendable {
  package let all: [Anchor]

  /// The vendors' roots, compiled in. Facts, not files.
  package static let builtIn = Anchors(
    all: AMDRoot.all.map { Anchor(tee: .snp, product: $0.product.rawValue, trust: $0.trust, isSimulated: false) }
      + [
        Anchor(tee: .tdx, product: "SGX", trust: IntelRoot.trust, isSimulated: false),
        Anchor(tee: .nvidia, product: NVIDIARoot.devices, trust: NVIDIARoot.device, isSimulated: false),
        Anchor(tee: .nvidia, product: NVIDIARoot.manifests, trust: NVIDIARoot.manifest, isSimulated: false),
      ])

  /// Adds roots of somebody else than the vendors; everything proved under them is `simulated`.
  package func adding(_ extra: [ExtraAnchor]) -> Anchors {
    Anchors(
      all: all + extra.map { Anchor(tee: $0.tee, product: $0.product, trust: $0.trust, isSimulated: true) })
  }

  package var hasSimulated: Bool { all.contains(where: \.isSimulated) }

  /// The roots for a technology and product that have this name (DER).
  func named(_ subject: [UInt8], tee: TEE, product: String) -> [Anchor] {
    all.filter { $0.tee == tee && $0.product == product && $0.trust.subject == subject }
  }

  /// The roots for a technology, whatever the product, that have this name (DER).
  func named(_ subject: [UInt8], tee: TEE) -> [Anchor] {
    all.filter { $0.tee == tee && $0.trust.subject == subject }
  }

  /// Reads an anchors file: `{"anchors":[{"name","product","tee","subject","spki"}]}` with DER in base64.
  package static func parseFile(_ bytes: [UInt8]) throws(ParseError) -> [ExtraAnchor] {
    var reader = try JSONReader(try StrictJSON.parse(bytes), "")
    let items = try reader.array("anchors")
    try reader.finish()
    guard !items.isEmpty else { throw ParseError("anchors", .missing) }
    var anchors: [ExtraAnchor] = []
    for item in items { anchors.append(try ExtraAnchor(parsing: item)) }
    return anchors
  }
}

extension ExtraAnchor {
  fileprivate init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "anchors")
    guard let tee = TEE(wireName: try reader.string("tee")) else { throw ParseError("anchors.tee", .unexpected) }
    let subject = try Base64.decode(try reader.string("subject"), .standard, "anchors.subject")
    let key = try Base64.decode(try reader.string("spki"), .standard, "anchors.spki")
    guard (try? VerifyingKey(subjectPublicKeyInfo: key)) != nil else { throw ParseError("anchors.spki", .unexpected) }
    self.tee = tee
    product = try reader.string("product")
    trust = TrustAnchor(name: try reader.string("name"), subject: subject, subjectPublicKeyInfo: key)
    try reader.finish()
  }
}
