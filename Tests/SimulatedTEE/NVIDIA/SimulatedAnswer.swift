package import Bytes
import Cryptography

/// What a simulated responder says of one certificate, before it is signed.
package struct SimulatedAnswer: Sendable {
  package enum Status: Sendable {
    case good, unknown
    /// A reason of RFC 5280; 6 is a hold.
    case revoked(reason: UInt8)
  }

  /// Who signs.
  package enum Responder: Sendable, CaseIterable {
    /// Made for this by the issuer of the certificate, as the real one is.
    case delegate
    case issuer
    /// A delegate without the purpose, and one that ended before it answered.
    case delegateWithoutPurpose, expiredDelegate
    /// A delegate of nobody's.
    case stranger
  }

  /// Of the certificate that is asked about.
  package var issuer: SimulatedName
  package var issuerKey: [UInt8]
  package var serial: UInt64
  package var status = Status.good
  package var responder = Responder.delegate
  package var thisUpdate: Timestamp
  package var nextUpdate: Timestamp?
  /// What the request held, and the answer repeats.
  package var nonce: [UInt8]?
  /// PKCS #8 of the delegate.
  package var responderKey: [UInt8]
  package var patches: [Int: UInt8] = [:]

  /// About a certificate, good for a day.
  package init(about certificate: SimulatedCertificate, at time: Timestamp, keys: SimulatedNVIDIAKeys = .shared) {
    issuer = certificate.issuer
    issuerKey = certificate.issuerKey
    serial = certificate.serial
    thisUpdate = time
    nextUpdate = time.adding(.seconds(86_400))
    responderKey = keys.responder
  }

  package var der: [UInt8] {
    let data = responseData
    let key = responder == .issuer ? issuerKey : responderKey
    let basic = DERWriter.sequence([
      data, Self.ecdsaSHA384, DERWriter.element(0x03, [0] + Self.signature(Mint.sign(data, key: key))),
      DERWriter.element(0xA0, DERWriter.sequence(responder == .issuer ? [] : [delegate])),
    ])
    let bytes = DERWriter.sequence([
      DERWriter.element(0x06, [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 1]), DERWriter.element(0x04, basic),
    ])
    var response = DERWriter.sequence([DERWriter.element(0x0A, [0]), DERWriter.element(0xA0, bytes)])
    for (offset, byte) in patches { response[offset] ^= byte }
    return response
  }

  /// Whose certificate, as questions and answers say it.
  package var certificateID: [UInt8] {
    let spki = Mint.publicKey(of: issuerKey)
    return DERWriter.sequence([
      DERWriter.sequence([DERWriter.element(0x06, [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02])]),
      DERWriter.element(0x04, Hash.sha384.digest(issuer.der)),
      DERWriter.element(0x04, Hash.sha384.digest(Array(spki.suffix(97)))), DERWriter.integer(Int(serial)),
    ])
  }

  private var responseData: [UInt8] {
    let next = nextUpdate.map { DERWriter.element(0xA0, Self.time($0)) } ?? []
    let single = DERWriter.sequence([certificateID, statusDER, Self.time(thisUpdate), next])
    var parts = [DERWriter.element(0xA1, responderName.der), Self.time(thisUpdate), DERWriter.sequence([single])]
    if let nonce {
      let oid = DERWriter.element(0x06, [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 2])
      let item = DERWriter.sequence([oid, DERWriter.element(0x04, DERWriter.element(0x04, nonce))])
      parts.append(DERWriter.element(0xA1, DERWriter.sequence([item])))
    }
    return DERWriter.sequence(parts)
  }

  private var statusDER: [UInt8] {
    switch status {
    case .good: DERWriter.element(0x80, [])
    case .unknown: DERWriter.element(0x82, [])
    case .revoked(let reason):
      DERWriter.element(
        0xA1, Self.time(thisUpdate.adding(.seconds(-60))) + DERWriter.element(0xA0, DERWriter.element(0x0A, [reason])))
    }
  }

  private var responderName: SimulatedName { responder == .issuer ? issuer : SimulatedNVIDIA.responderName }

  private var delegate: [UInt8] {
    let maker = responder == .stranger ? SimulatedNVIDIAKeys.stranger : issuerKey
    var template = SimulatedNVIDIA().certificate(SimulatedNVIDIA.responderName, responderKey, by: (issuer, maker), 99)
    template.notBefore = thisUpdate.adding(.seconds(-30 * 86_400))
    template.notAfter = thisUpdate.adding(.seconds((responder == .expiredDelegate ? -1 : 365) * 86_400))
    template.extensions = [SimulatedNVIDIA.isNoAuthority, SimulatedNVIDIA.keyUsage([0x03, 0x02, 0x07, 0x80])]
    if responder != .delegateWithoutPurpose { template.extensions.append(SimulatedNVIDIA.signsAnswers) }
    return template.der
  }

  private static let ecdsaSHA384 = DERWriter.sequence([
    DERWriter.element(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03])
  ])

  private static func time(_ time: Timestamp) -> [UInt8] {
    DERWriter.element(0x18, time.rfc3339.utf8.filter { !"-:T".utf8.contains($0) })
  }

  private static func signature(_ raw: [UInt8]) -> [UInt8] {
    DERWriter.sequence(
      [raw.prefix(48), raw.suffix(48)].map { half in
        let magnitude = Array(half.drop { $0 == 0 })
        return DERWriter.element(0x02, (magnitude.first ?? 0) >= 128 ? [0] + magnitude : magnitude)
      })
  }
}
