package import Bytes
import Cryptography

/// A stand-in for NVIDIA: the authorities of devices and those of reference manifests, under keys that nobody but an
/// anchors file trusts. Common names and extensions are those of the real ones.
package struct SimulatedNVIDIA: Sendable {
  package static let rootName = SimulatedName.nvidia("NVIDIA Device Identity CA")
  package static let identityName = SimulatedName.nvidia("NVIDIA GH100 Identity")
  package static let provisionerName = SimulatedName.nvidia("NVIDIA GH100 Provisioner ICA 1")
  package static let manifestRootName = SimulatedName.nvidia("NVIDIA CoRIM signing Root CA")
  package static let manifestAuthorityName = SimulatedName.nvidia("NVIDIA CoRIM signing GH100 CA")
  package static let manifestIssuerName = SimulatedName.nvidia("NVIDIA Reference Value L3 GH100 001")
  package static let manifestSignerName = SimulatedName.nvidia("HCS RIM L4 GH100 001")
  package static let responderName = SimulatedName.nvidia("NVIDIA OCSP Responder")

  /// The last second of the year 9999.
  package static let farEnd = Timestamp(seconds: 253_402_300_799)
  private static let beginning = Timestamp(seconds: 1_640_995_200)

  package let keys: SimulatedNVIDIAKeys

  package init(keys: SimulatedNVIDIAKeys = .shared) { self.keys = keys }

  // MARK: devices

  package var rootTemplate: SimulatedCertificate {
    authority(Self.rootName, keys.root, by: (Self.rootName, keys.root), 1)
  }
  package var identityTemplate: SimulatedCertificate {
    authority(Self.identityName, keys.identity, by: (Self.rootName, keys.root), 2)
  }
  package var provisionerTemplate: SimulatedCertificate {
    authority(Self.provisionerName, keys.provisioner, by: (Self.identityName, keys.identity), 3)
  }

  /// What the provisioner made: the boot ROM's.
  package func bootROMTemplate(_ name: SimulatedName, key: [UInt8], serial: UInt64) -> SimulatedCertificate {
    var template = certificate(name, key, by: (Self.provisionerName, keys.provisioner), serial)
    template.extensions = [Self.isAuthority, Self.keyUsage([0x03, 0x02, 0x02, 0x04])] + template.extensions
    return template
  }

  // MARK: manifests

  package var manifestRootTemplate: SimulatedCertificate {
    authority(Self.manifestRootName, keys.manifestRoot, by: (Self.manifestRootName, keys.manifestRoot), 11)
  }
  package var manifestAuthorityTemplate: SimulatedCertificate {
    authority(Self.manifestAuthorityName, keys.manifestAuthority, by: (Self.manifestRootName, keys.manifestRoot), 12)
  }
  package var manifestIssuerTemplate: SimulatedCertificate {
    authority(
      Self.manifestIssuerName, keys.manifestIssuer, by: (Self.manifestAuthorityName, keys.manifestAuthority), 13)
  }
  /// Good for two years, as the real one's is.
  package func manifestSignerTemplate(from start: Timestamp) -> SimulatedCertificate {
    var template = certificate(
      Self.manifestSignerName, keys.manifestSigner, by: (Self.manifestIssuerName, keys.manifestIssuer), 14)
    template.notBefore = start
    template.notAfter = start.adding(.seconds(730 * 86_400))
    template.extensions = [Self.isNoAuthority, Self.keyUsage([0x03, 0x02, 0x07, 0x80])] + template.extensions
    return template
  }

  // MARK: parts

  private func authority(
    _ name: SimulatedName, _ key: [UInt8], by issuer: (name: SimulatedName, key: [UInt8]), _ serial: UInt64
  ) -> SimulatedCertificate {
    var template = certificate(name, key, by: issuer, serial)
    template.extensions = [Self.isAuthority, Self.keyUsage([0x03, 0x02, 0x01, 0x06])] + template.extensions
    return template
  }

  /// With the identifiers of both keys and nothing else.
  package func certificate(
    _ name: SimulatedName, _ key: [UInt8], by issuer: (name: SimulatedName, key: [UInt8]), _ serial: UInt64
  ) -> SimulatedCertificate {
    let spki = Mint.publicKey(of: key)
    var template = SimulatedCertificate(
      subject: name, issuer: issuer.name, subjectPublicKeyInfo: spki, issuerKey: issuer.key)
    template.signature = .ecdsaSHA384
    template.profile = .bare
    template.serial = serial
    template.notBefore = Self.beginning
    template.notAfter = Self.farEnd
    let authorityID = DERWriter.element(0x80, Self.identifier(Mint.publicKey(of: issuer.key)))
    template.extensions = [
      SimulatedExtension("2.5.29.14", DERWriter.element(0x04, Self.identifier(spki))),
      SimulatedExtension("2.5.29.35", DERWriter.sequence([authorityID])),
    ]
    return template
  }

  private static func identifier(_ spki: [UInt8]) -> [UInt8] { Array(Hash.sha384.digest(spki).prefix(20)) }

  package static func keyUsage(_ bits: [UInt8]) -> SimulatedExtension { critical("2.5.29.15", bits) }
  package static let isAuthority = critical("2.5.29.19", [0x30, 0x03, 0x01, 0x01, 0xFF])
  package static let isNoAuthority = critical("2.5.29.19", [0x30, 0x00])
  /// With the word that no list need be asked about it, in the place where the real ones have it.
  package static let signsAnswers = critical(
    "2.5.29.37",
    DERWriter.sequence([
      DERWriter.element(0x06, [0x2B, 6, 1, 5, 5, 7, 3, 9]), DERWriter.element(0x06, [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 5]),
    ]))

  private static func critical(_ oid: String, _ value: [UInt8]) -> SimulatedExtension {
    var made = SimulatedExtension(oid, value)
    made.isCritical = true
    return made
  }
}
