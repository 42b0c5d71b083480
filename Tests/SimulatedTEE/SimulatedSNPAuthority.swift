package import Bytes
package import Evidence

/// A stand-in for AMD and one of its products: root, intermediates, chip certificates and revocation lists under keys
/// that nobody but an anchors file trusts. Common names equal the real ones.
package struct SimulatedSNPAuthority: Sendable {
  package let keys: SimulatedKeys
  package let product: SNPProduct

  package init(_ product: SNPProduct, keys: SimulatedKeys = .shared) {
    self.product = product
    self.keys = keys
  }

  package var arkName: SimulatedName { SimulatedName("ARK-\(product.rawValue)") }
  package var askName: SimulatedName { SimulatedName("SEV-\(product.rawValue)") }
  package var asvkName: SimulatedName { SimulatedName("SEV-VLEK-\(product.rawValue)") }

  private var firstSerial: UInt64 {
    switch product {
    case .milan: 0x1_0000
    case .genoa: 0x2_0000
    case .turin: 0x3_0000
    }
  }

  /// The intermediates before signing, for tests that change something.
  package var arkTemplate: SimulatedCertificate { authority(arkName, keys.root, serial: firstSerial, pathLength: nil) }
  package var askTemplate: SimulatedCertificate { authority(askName, keys.ask, serial: firstSerial + 1, pathLength: 0) }
  package var asvkTemplate: SimulatedCertificate {
    authority(asvkName, keys.asvk, serial: firstSerial + 0x101, pathLength: 0)
  }

  package var ark: [UInt8] { arkTemplate.der }
  package var ask: [UInt8] { askTemplate.der }
  package var asvk: [UInt8] { asvkTemplate.der }

  private func authority(
    _ subject: SimulatedName, _ key: [UInt8], serial: UInt64, pathLength: Int?
  ) -> SimulatedCertificate {
    var certificate = SimulatedCertificate(
      subject: subject, issuer: arkName, subjectPublicKeyInfo: Mint.publicKey(of: key), issuerKey: keys.root)
    certificate.serial = serial
    certificate.isAuthority = true
    certificate.pathLength = pathLength
    return certificate
  }

  /// The certificate of the chip key for one TCB, before signing.
  package func vcekTemplate(chipID: [UInt8], tcb: TCBVersion.Components) -> SimulatedCertificate {
    var certificate = vek(SimulatedName("SEV-VCEK"), key: keys.vcek, issuer: askName, issuerKey: keys.ask)
    certificate.extensions =
      extensions(productName: product == .milan ? "Milan-B0" : product.rawValue, tcb)
      + [SimulatedExtension(VEKExtension.hardwareID, Array(chipID.prefix(product.chipIDByteCount)))]
    return certificate
  }

  /// The certificate of a cloud's versioned loaded key for one TCB, before signing.
  package func vlekTemplate(cspID: String, tcb: TCBVersion.Components) -> SimulatedCertificate {
    var certificate = vek(SimulatedName("SEV-VLEK"), key: keys.vlek, issuer: asvkName, issuerKey: keys.asvk)
    certificate.extensions =
      extensions(productName: product.rawValue, tcb) + [.text(VEKExtension.cspID, cspID)]
    return certificate
  }

  private func vek(
    _ subject: SimulatedName, key: [UInt8], issuer: SimulatedName, issuerKey: [UInt8]
  ) -> SimulatedCertificate {
    var certificate = SimulatedCertificate(
      subject: subject, issuer: issuer, subjectPublicKeyInfo: Mint.publicKey(of: key), issuerKey: issuerKey)
    certificate.profile = .bare
    return certificate
  }

  private func extensions(productName: String, _ tcb: TCBVersion.Components) -> [SimulatedExtension] {
    var list: [SimulatedExtension] = [
      .integer(VEKExtension.structVersion, product == .turin ? 1 : 0), .text(VEKExtension.product, productName),
    ]
    if product == .turin { list.append(.integer(VEKExtension.fmc, tcb.fmc ?? 0)) }
    list += [
      .integer(VEKExtension.bootLoader, tcb.bootLoader), .integer(VEKExtension.tee, tcb.tee),
      .integer(VEKExtension.snp, tcb.snp), .integer(VEKExtension.spl(5), 0), .integer(VEKExtension.spl(6), 0),
      .integer(VEKExtension.spl(7), 0),
    ]
    if product != .turin { list.append(.integer(VEKExtension.spl(4), 0)) }
    return list + [.integer(VEKExtension.microcode, tcb.microcode)]
  }

  /// A revocation list of the root, before signing; valid for 30 days from `thisUpdate`.
  package func revocationListTemplate(thisUpdate: Timestamp, revoking: [UInt64] = []) -> SimulatedRevocationList {
    SimulatedRevocationList(
      issuer: arkName, issuerKey: keys.root, thisUpdate: thisUpdate,
      nextUpdate: thisUpdate.adding(.seconds(30 * 86_400)), revokedSerials: revoking)
  }
}

/// Object identifiers of AMD's extensions.
package enum VEKExtension {
  private static let prefix = "1.3.6.1.4.1.3704.1"
  package static let structVersion = prefix + ".1"
  package static let product = prefix + ".2"
  package static let bootLoader = spl(1)
  package static let tee = spl(2)
  package static let snp = spl(3)
  package static let microcode = spl(8)
  package static let fmc = spl(9)
  package static let hardwareID = prefix + ".4"
  package static let cspID = prefix + ".5"

  package static func spl(_ number: Int) -> String { "\(prefix).3.\(number)" }
}
