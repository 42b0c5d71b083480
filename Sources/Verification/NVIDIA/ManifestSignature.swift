import Bytes
import Cryptography

/// The signature that closes a reference manifest, in the one form NVIDIA uses: read, not verified.
///
/// The key is the first certificate's and no other: nothing else that could name one is permitted. Spec: XML Signature
/// 1.1, enveloped, canonical XML 1.1, ECDSA with SHA-384 as r ‖ s.
struct ManifestSignature: Sendable, Equatable {
  /// The bytes that are signed.
  let signedInfo: [UInt8]
  /// SHA-384 that the signed bytes state of the document.
  let documentDigest: [UInt8]
  let value: [UInt8]
  /// The signer's first; a root at the end is only carried.
  let certificates: [Certificate]

  static let namespace = "http://www.w3.org/2000/09/xmldsig#"
  private static let canonical = "http://www.w3.org/2006/12/xml-c14n11"
  private static let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
  private static let ecdsaSHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
  private static let sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"

  /// - Parameter scope: the namespaces in force at the signature.
  init(_ element: XMLElement, scope: [String: String]) throws(ParseError) {
    let parts = try Self.parts(element, ["SignedInfo", "SignatureValue", "KeyInfo"])
    try Self.requireAttributes(element, [])
    documentDigest = try Self.documentDigest(parts[0])
    signedInfo = CanonicalXML.encode(parts[0], inherited: scope.merging(element.declarations) { _, new in new })
    value = try Self.base64(parts[1], count: 96)
    certificates = try Self.certificates(parts[2])
  }

  private static func documentDigest(_ signedInfo: XMLElement) throws(ParseError) -> [UInt8] {
    let parts = try parts(signedInfo, ["CanonicalizationMethod", "SignatureMethod", "Reference"])
    try requireAttributes(signedInfo, [])
    try requireAlgorithm(parts[0], canonical)
    try requireAlgorithm(parts[1], ecdsaSHA384)
    let reference = try Self.parts(parts[2], ["Transforms", "DigestMethod", "DigestValue"])
    try requireAttributes(parts[2], [("URI", "")])
    let transforms = try Self.parts(reference[0], ["Transform", "Transform"])
    try requireAttributes(reference[0], [])
    try requireAlgorithm(transforms[0], enveloped)
    try requireAlgorithm(transforms[1], canonical)
    try requireAlgorithm(reference[1], sha384)
    return try base64(reference[2], count: 48)
  }

  private static func certificates(_ keyInfo: XMLElement) throws(ParseError) -> [Certificate] {
    let data = try parts(keyInfo, ["X509Data"])[0]
    try requireAttributes(keyInfo, [])
    try requireAttributes(data, [])
    guard (3...5).contains(data.elements.count) else { throw ParseError("manifest.X509Data", .outOfRange) }
    var certificates: [Certificate] = []
    for element in try parts(data, Array(repeating: "X509Certificate", count: data.elements.count)) {
      guard let certificate = try? Certificate(der: try base64(element, count: nil)) else {
        throw ParseError("manifest.X509Certificate", .unexpected)
      }
      certificates.append(certificate)
    }
    return certificates
  }

  /// The child elements, which must be exactly these in this order, with white space between them at most.
  private static func parts(_ element: XMLElement, _ names: [String]) throws(ParseError) -> [XMLElement] {
    let children = element.elements
    guard element.holdsElementsOnly, children.count == names.count,
      zip(children, names).allSatisfy({ $0.name.isCalled($1, in: namespace) })
    else { throw ParseError("manifest.\(element.name.local)", .unexpected) }
    return children
  }

  private static func requireAttributes(
    _ element: XMLElement, _ wanted: [(name: String, value: String)]
  ) throws(ParseError) {
    guard element.attributes.count == wanted.count,
      wanted.allSatisfy({ element.attribute($0.name) == $0.value })
    else { throw ParseError("manifest.\(element.name.local)", .unexpected) }
  }

  /// An algorithm by its name, without parameters.
  private static func requireAlgorithm(_ element: XMLElement, _ algorithm: String) throws(ParseError) {
    try requireAttributes(element, [("Algorithm", algorithm)])
    guard element.children.isEmpty else { throw ParseError("manifest.\(element.name.local)", .unexpected) }
  }

  private static func base64(_ element: XMLElement, count: Int?) throws(ParseError) -> [UInt8] {
    guard let text = element.text else { throw ParseError("manifest.\(element.name.local)", .unexpected) }
    let packed = String(decoding: text.filter { $0 != 0x20 && $0 != 0x0A }, as: UTF8.self)
    let bytes = try Base64.decode(packed, padding: .required, "manifest.base64")
    guard count == nil || bytes.count == count else { throw ParseError("manifest.\(element.name.local)", .outOfRange) }
    return bytes
  }
}
