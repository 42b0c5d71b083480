package import Bytes

/// How a simulated authority signs: rightly, or wrong in one way.
package enum SimulatedSignature: Sendable {
  case pssSHA384, pssSHA384Salt32, pssSHA256, pssSHA384MaskSHA256, pkcs1SHA384
  case ecdsaSHA256, ecdsaSHA384
}

/// A name with the parts of the vendor's; every simulated one says so in its organisation.
package struct SimulatedName: Sendable, Hashable {
  package enum Layout: Sendable, Hashable { case amd, intel, nvidia }

  package var commonName: String
  package var organization = "Advanced Micro Devices (Vouchsafe SIMULATED)"
  /// Which parts there are, and their order.
  package var layout = Layout.amd
  /// In names of NVIDIA's devices alone.
  package var serialNumber: String?

  package init(_ commonName: String) { self.commonName = commonName }

  package static func intel(_ commonName: String) -> SimulatedName {
    var name = SimulatedName(commonName)
    name.organization = "Intel Corporation (Vouchsafe SIMULATED)"
    name.layout = .intel
    return name
  }

  package static func nvidia(_ commonName: String, serialNumber: String? = nil) -> SimulatedName {
    var name = SimulatedName(commonName)
    name.organization = "NVIDIA Corporation (Vouchsafe SIMULATED)"
    name.layout = .nvidia
    name.serialNumber = serialNumber
    return name
  }

  package var der: [UInt8] { Mint.name(self) }
}

/// An extension as it stands: `value` is the content of extnValue.
package struct SimulatedExtension: Sendable, Equatable {
  package var oid: String
  package var value: [UInt8]
  package var isCritical = false

  package init(_ oid: String, _ value: [UInt8]) {
    self.oid = oid
    self.value = value
  }

  /// A DER INTEGER of a value below 256: minimal, with the leading zero that 128 and more need.
  package static func integer(_ oid: String, _ value: UInt8) -> SimulatedExtension {
    SimulatedExtension(oid, value < 128 ? [0x02, 1, value] : [0x02, 2, 0, value])
  }

  /// A DER IA5String.
  package static func text(_ oid: String, _ text: String) -> SimulatedExtension {
    SimulatedExtension(oid, [0x16, UInt8(text.utf8.count)] + Array(text.utf8))
  }
}

/// A certificate before it is signed.
package struct SimulatedCertificate: Sendable {
  /// What stands in it beside the extensions that are named one by one.
  package enum Profile: Sendable {
    case plain
    /// No basic constraints, key usage or key identifiers, as in AMD's VCEK and VLEK.
    case bare
    /// Key identifiers, distribution point, key usage and basic constraints, in Intel's order.
    case intel
  }

  package var subject: SimulatedName
  package var issuer: SimulatedName
  package var subjectPublicKeyInfo: [UInt8]
  /// PKCS #8.
  package var issuerKey: [UInt8]
  /// Who signs in the issuer's place, under its key identifier.
  package var forgingKey: [UInt8] = []
  package var signature = SimulatedSignature.pssSHA384
  package var serial: UInt64 = 0
  package var notBefore = Timestamp(seconds: 1_700_000_000)
  package var notAfter = Timestamp(seconds: 2_300_000_000)
  package var isAuthority = false
  package var pathLength: Int?
  package var profile = Profile.plain
  /// For Intel's profile alone.
  package var distributionPoint: String?
  package var extensions: [SimulatedExtension] = []

  package var der: [UInt8] { Mint.certificate(self) }
}

/// A revocation list before it is signed.
package struct SimulatedRevocationList: Sendable {
  package var issuer: SimulatedName
  package var issuerKey: [UInt8]
  /// Who signs in the issuer's place, under its key identifier.
  package var forgingKey: [UInt8] = []
  package var signature = SimulatedSignature.pssSHA384
  package var number: UInt64 = 1
  package var thisUpdate: Timestamp
  package var nextUpdate: Timestamp?
  package var revokedSerials: [UInt64] = []

  package init(
    issuer: SimulatedName, issuerKey: [UInt8], thisUpdate: Timestamp, nextUpdate: Timestamp?,
    revokedSerials: [UInt64] = []
  ) {
    (self.issuer, self.issuerKey, self.revokedSerials) = (issuer, issuerKey, revokedSerials)
    (self.thisUpdate, self.nextUpdate) = (thisUpdate, nextUpdate)
  }

  package var der: [UInt8] { Mint.revocationList(self) }
}
