package import Bytes
import Cryptography

/// A reference manifest of the simulated NVIDIA: the shape, the prefixes and the order of attributes of the real ones.
package struct SimulatedManifest: Sendable {
  /// Of the driver, of a GPU's firmware, and of a switch's: which measurements each speaks of.
  package static let driverIndexes = Set([7] + Array(21...40))
  package static let vbiosIndexes = Set(Array(0...6) + Array(8...12))
  package static let switchIndexes = Set(0..<31)
  static let gpuIndexes = driverIndexes.union(vbiosIndexes)

  package let authority: SimulatedNVIDIA
  package var version: String
  package var product = "GH100"
  package var edition = "GPU"
  package var manufacturerID = "5703"
  /// Permitted digests by index.
  package var active: [Int: [[UInt8]]]
  package var count = 64
  /// When the signer's certificate was made; it is good for two years.
  package var signedAt: Timestamp
  package var editSigner: @Sendable (inout SimulatedCertificate) -> Void = { _ in }
  /// PKCS #8 of who signs; `nil`: the one whose certificate comes first.
  package var signingKey: [UInt8]?
  package var arrangeChain: @Sendable ([[UInt8]]) -> [[UInt8]] = { $0 }
  /// Changes the document before it is hashed, what is signed about it, and what follows that.
  package var editBody: @Sendable (inout SimulatedXML) -> Void = { _ in }
  package var editSignedInfo: @Sendable (inout SimulatedXML) -> Void = { _ in }
  package var editSignature: @Sendable (inout SimulatedXML) -> Void = { _ in }

  package init(
    _ version: String, indexes: Set<Int>, authority: SimulatedNVIDIA = SimulatedNVIDIA(), signedAt: Timestamp
  ) {
    self.version = version
    self.authority = authority
    self.signedAt = signedAt
    active = Dictionary(uniqueKeysWithValues: indexes.map { ($0, [Self.golden($0, in: indexes)]) })
  }

  /// What a simulated device measures at an index; zeros where nothing is.
  static func golden(_ index: Int, in indexes: Set<Int>) -> [UInt8] {
    guard indexes.contains(index) else { return [UInt8](repeating: 0, count: 48) }
    return Hash.sha384.digest(Array("simulated measurement \(index)".utf8))
  }

  package var signerTemplate: SimulatedCertificate {
    var template = authority.manifestSignerTemplate(from: signedAt)
    editSigner(&template)
    return template
  }

  /// DER, the signer's first.
  package var certificates: [[UInt8]] {
    arrangeChain([
      signerTemplate.der, authority.manifestIssuerTemplate.der, authority.manifestAuthorityTemplate.der,
      authority.manifestRootTemplate.der,
    ])
  }

  // MARK: document

  package var bytes: [UInt8] {
    var body = self.body
    editBody(&body)
    var information = signedInfo(digest: Hash.sha384.digest(Array(body.canonical(in: [:]).utf8)))
    editSignedInfo(&information)
    var signature = SimulatedXML("ds:Signature")
    signature.declarations = [("ds", "http://www.w3.org/2000/09/xmldsig#")]
    let scope = Dictionary((body.declarations + signature.declarations).map { ($0.prefix, $0.uri) }) { $1 }
    let signed = Mint.sign(
      Array(information.canonical(in: scope, isApex: true).utf8), key: signingKey ?? authority.keys.manifestSigner)
    signature.add(information)
    signature.add(SimulatedXML("ds:SignatureValue", text: Base64.encode(signed)))
    signature.add(keyInfo)
    editSignature(&signature)
    body.add(signature)
    return Array(body.written.utf8)
  }

  private static let identity = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
  private static let hash = "http://www.w3.org/2001/04/xmlenc#sha384"
  private static let information =
    "https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/"

  private var body: SimulatedXML {
    var root = SimulatedXML("SoftwareIdentity")
    root.declarations = [("", Self.identity), ("ns0", Self.identity), ("ns2", Self.hash)]
    root.attributes = [
      ("corpus", "false"), ("name", product), ("patch", "false"), ("supplemental", "false"),
      ("tagId", "simulated-\(version)"), ("version", "1.0"), ("tagVersion", "0"),
    ]
    root.add("\n    ")
    root.add(
      SimulatedXML("ns0:Entity", [("name", "NVIDIA Corporation (SIMULATED)"), ("role", "softwareCreator tagCreator")]))
    root.add("\n    ")
    root.add(meta)
    root.add("\n    ")
    root.add(payload)
    root.add("\n")
    return root
  }

  private var meta: SimulatedXML {
    var meta = SimulatedXML(
      "ns0:Meta",
      [
        ("colloquialVersion", version), ("edition", edition), ("product", product), ("revision", "r1"),
        ("PayloadType", "direct"), ("ns1:BindingSpec", "RIMIM"), ("ns1:BindingSpecVersion", "1.01"),
        ("ns1:PlatformManufacturerId", "5703"), ("ns1:PlatformModel", product),
        ("ns1:FirmwareManufacturerId", manufacturerID),
      ])
    meta.declarations = [("ns1", Self.information)]
    return meta
  }

  private var payload: SimulatedXML {
    var payload = SimulatedXML("ns0:Payload")
    payload.declarations = [("SHA384", Self.hash)]
    for index in 0..<count {
      let digests = active[index] ?? [[UInt8](repeating: 0, count: 48)]
      let hashes = digests.enumerated().map { ("ns2:Hash\($0.offset)", Hex.encode($0.element)) }
      payload.add("\n        ")
      payload.add(
        SimulatedXML(
          "ns0:Resource",
          [
            ("type", "Measurement"), ("index", "\(index)"), ("active", active[index] == nil ? "False" : "True"),
            ("alternatives", "\(digests.count)"),
          ] + hashes + [("name", "Measurement_\(index)"), ("size", "48")]))
    }
    payload.add("\n    ")
    return payload
  }

  // MARK: signature

  private func signedInfo(digest: [UInt8]) -> SimulatedXML {
    func algorithm(_ name: String, _ uri: String) -> SimulatedXML { SimulatedXML(name, [("Algorithm", uri)]) }
    let canonical = "http://www.w3.org/2006/12/xml-c14n11"
    var transforms = SimulatedXML("ds:Transforms")
    transforms.add(algorithm("ds:Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"))
    transforms.add(algorithm("ds:Transform", canonical))
    var reference = SimulatedXML("ds:Reference", [("URI", "")])
    reference.add(transforms)
    reference.add(algorithm("ds:DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#sha384"))
    reference.add(SimulatedXML("ds:DigestValue", text: Base64.encode(digest)))
    var info = SimulatedXML("ds:SignedInfo")
    info.add(algorithm("ds:CanonicalizationMethod", canonical))
    info.add(algorithm("ds:SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"))
    info.add(reference)
    return info
  }

  private var keyInfo: SimulatedXML {
    var data = SimulatedXML("ds:X509Data")
    for der in certificates { data.add(SimulatedXML("ds:X509Certificate", text: Self.lines(Base64.encode(der)))) }
    var info = SimulatedXML("ds:KeyInfo")
    info.add(data)
    return info
  }

  /// 64 characters each.
  private static func lines(_ text: String) -> String {
    let characters = Array(text)
    return stride(from: 0, to: characters.count, by: 64).map { start in
      String(characters[start..<min(start + 64, characters.count)]) + "\n"
    }.joined()
  }
}
