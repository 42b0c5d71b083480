package import Bytes

/// A stand-in for Intel: root, authorities, platform certificates, revocation lists and signed documents under keys that
/// nobody but an anchors file trusts. Common names equal the real ones.
package struct SimulatedIntel: Sendable {
  package enum Authority: Sendable { case platform, processor }

  package static let rootName = SimulatedName.intel("Intel SGX Root CA")
  package static let signerName = SimulatedName.intel("Intel SGX TCB Signing")
  package static let pckName = SimulatedName.intel("Intel SGX PCK Certificate")
  package static let sgxExtension = "1.2.840.113741.1.13.1"

  private static let rootListAddress = "https://simulated.invalid/root.der"
  private static let pckListAddress = "https://simulated.invalid/pckcrl?ca="

  package let keys: SimulatedIntelKeys

  package init(keys: SimulatedIntelKeys = .shared) { self.keys = keys }

  package static func name(of authority: Authority) -> SimulatedName {
    .intel(authority == .platform ? "Intel SGX PCK Platform CA" : "Intel SGX PCK Processor CA")
  }

  package func key(of authority: Authority) -> [UInt8] {
    authority == .platform ? keys.platformAuthority : keys.processorAuthority
  }

  /// The certificates before signing, for tests that change something.
  package var rootTemplate: SimulatedCertificate {
    issuing(Self.rootName, keys.root, serial: 1, pathLength: 1)
  }
  package func authorityTemplate(_ authority: Authority) -> SimulatedCertificate {
    issuing(Self.name(of: authority), key(of: authority), serial: authority == .platform ? 2 : 3, pathLength: 0)
  }
  package var signerTemplate: SimulatedCertificate {
    var template = certificate(Self.signerName, keys.tcbSigning, issuer: Self.rootName, issuerKey: keys.root)
    template.serial = 4
    return template
  }
  package func pckTemplate(_ platform: SimulatedPlatform) -> SimulatedCertificate {
    let authority = platform.authority
    var template = certificate(Self.pckName, keys.pck, issuer: Self.name(of: authority), issuerKey: key(of: authority))
    template.serial = 0x1001
    template.distributionPoint = Self.pckListAddress + (authority == .platform ? "platform" : "processor")
    template.extensions = [SimulatedExtension(Self.sgxExtension, platform.sgxExtension)]
    return template
  }

  package var root: [UInt8] { rootTemplate.der }
  package var signer: [UInt8] { signerTemplate.der }
  package func authority(_ authority: Authority) -> [UInt8] { authorityTemplate(authority).der }

  private func issuing(
    _ subject: SimulatedName, _ key: [UInt8], serial: UInt64, pathLength: Int
  ) -> SimulatedCertificate {
    var template = certificate(subject, key, issuer: Self.rootName, issuerKey: keys.root)
    template.serial = serial
    template.isAuthority = true
    template.pathLength = pathLength
    return template
  }

  private func certificate(
    _ subject: SimulatedName, _ key: [UInt8], issuer: SimulatedName, issuerKey: [UInt8]
  ) -> SimulatedCertificate {
    var template = SimulatedCertificate(
      subject: subject, issuer: issuer, subjectPublicKeyInfo: Mint.publicKey(of: key), issuerKey: issuerKey)
    template.signature = .ecdsaSHA256
    template.profile = .intel
    template.distributionPoint = Self.rootListAddress
    return template
  }

  /// The root's list before signing, valid for a year.
  package func rootListTemplate(thisUpdate: Timestamp) -> SimulatedRevocationList {
    list(Self.rootName, keys.root, thisUpdate, days: 365)
  }

  /// An authority's list before signing, valid for 30 days.
  package func pckListTemplate(_ authority: Authority, thisUpdate: Timestamp) -> SimulatedRevocationList {
    list(Self.name(of: authority), key(of: authority), thisUpdate, days: 30)
  }

  private func list(
    _ issuer: SimulatedName, _ key: [UInt8], _ thisUpdate: Timestamp, days: Int64
  ) -> SimulatedRevocationList {
    var template = SimulatedRevocationList(
      issuer: issuer, issuerKey: key, thisUpdate: thisUpdate, nextUpdate: thisUpdate.adding(.seconds(days * 86_400)))
    template.signature = .ecdsaSHA256
    return template
  }
}
