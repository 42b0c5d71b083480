/// The private keys of a simulated Intel and of its one simulated platform, as PKCS #8. They protect nothing.
package struct SimulatedIntelKeys: Sendable {
  package let root: [UInt8]
  package let platformAuthority: [UInt8]
  package let processorAuthority: [UInt8]
  package let pck: [UInt8]
  package let tcbSigning: [UInt8]
  package let attestation: [UInt8]

  /// Six P-256 keys.
  package static func generate() -> SimulatedIntelKeys {
    SimulatedIntelKeys(names.map { _ in Mint.p256Key() })
  }

  /// The keys of this process, made at first use: every test shares them.
  package static let shared = generate()

  /// A key that nobody vouches for, for tests.
  package static let stranger = Mint.p256Key()

  static let names = [
    "intel-root.key.der", "pck-platform-ca.key.der", "pck-processor-ca.key.der", "pck.key.der", "tcb-signing.key.der",
    "attestation.key.der",
  ]

  /// - Parameter list: in the order of `names`.
  init(_ list: [[UInt8]]) {
    root = list[0]
    platformAuthority = list[1]
    processorAuthority = list[2]
    pck = list[3]
    tcbSigning = list[4]
    attestation = list[5]
  }

  var list: [[UInt8]] { [root, platformAuthority, processorAuthority, pck, tcbSigning, attestation] }
}
