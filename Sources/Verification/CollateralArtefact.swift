import Bytes
package import Cryptography

/// One artefact that a vendor signed, recognised by what it is and never by what it is called. Unverified.
package enum CollateralArtefact: Sendable, Hashable {
  case certificate(Certificate)
  case revocationList(CertificateRevocationList)
  case document(IntelDocument)
  case manifest(ManifestDocument)
  case answer(RevocationAnswer)

  /// What the bytes hold: one artefact in DER, the hexadecimal or base64 text of one, any number of them in PEM
  /// (percent-encoded or not), Intel's JSON with or without its chains, or NVIDIA's XML. Empty when nothing is recognised.
  package static func all(in bytes: [UInt8]) -> [CollateralArtefact] { all(in: bytes, depth: 0) }

  static func all(in bytes: [UInt8], depth: Int) -> [CollateralArtefact] {
    if let single = der(bytes) { return [single] }
    let text = trimmed(bytes)
    guard let first = text.first else { return [] }
    if first == UInt8(ascii: "{") { return IntelCollateralFile.artefacts(in: bytes, depth: depth) }
    if first == UInt8(ascii: "<") { return isManifest(text) ? [.manifest(ManifestDocument(Array(text)))] : [] }
    if let single = unwrapped(text).flatMap(der) { return [single] }
    return pem(text.contains(UInt8(ascii: "%")) ? percentDecoded(text) : Array(text))
  }

  /// Whether XML is a manifest by its beginning, however badly it goes on; an error page is nothing.
  private static func isManifest(_ text: ArraySlice<UInt8>) -> Bool {
    String(decoding: text.prefix(4096), as: UTF8.self).contains("SoftwareIdentity")
  }

  private static func der(_ bytes: [UInt8]) -> CollateralArtefact? {
    guard bytes.first == 0x30 else { return nil }
    if let list = CertificateRevocationList(plainDER: bytes) { return .revocationList(list) }
    if let certificate = try? Certificate(der: bytes) { return .certificate(certificate) }
    if let list = try? CertificateRevocationList(der: bytes) { return .revocationList(list) }
    return (try? RevocationAnswer(der: bytes)).map { .answer($0) }
  }

  /// What hexadecimal or base64 text on any number of lines stands for.
  private static func unwrapped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    let string = String(decoding: text.filter { !isSpace($0) }, as: UTF8.self)
    return (try? Hex.decode(string, "collateral")) ?? (try? Base64.decode(string, padding: .optional, "collateral"))
  }

  private static func pem(_ text: [UInt8]) -> [CollateralArtefact] {
    blocks(in: text).flatMap { block -> [CollateralArtefact] in
      if let found = try? Certificate.parsePEM(block) { return found.map { .certificate($0) } }
      if let found = try? CertificateRevocationList.parsePEM(block) { return found.map { .revocationList($0) } }
      if let found = try? PEM.decode(block, label: RevocationAnswer.label) { return found.compactMap(der) }
      return []
    }
  }

  /// Each PEM block on its own; whatever stands between them is passed over.
  private static func blocks(in bytes: [UInt8]) -> [[UInt8]] {
    var blocks: [[UInt8]] = []
    var block: [UInt8]?
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if line.starts(with: "-----BEGIN ".utf8) { block = [] }
      block?.append(contentsOf: line + [0x0A])
      if let whole = block, line.starts(with: "-----END ".utf8) {
        blocks.append(whole)
        block = nil
      }
    }
    return blocks
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return bytes[first...last]
  }

  /// Percent-encoding as in an HTTP header; a `%` that begins no pair of digits stands for itself.
  private static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%"), let pair = try? Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self), "%"),
        pair.count == 1
      else {
        bytes.append(byte)
        continue
      }
      bytes += pair
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
