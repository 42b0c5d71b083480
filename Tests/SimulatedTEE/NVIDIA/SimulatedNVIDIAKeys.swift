/// The private keys of a simulated NVIDIA and of its simulated devices, as PKCS #8. They protect nothing.
package struct SimulatedNVIDIAKeys: Sendable {
  package let root: [UInt8]
  package let identity: [UInt8]
  package let provisioner: [UInt8]
  package let manifestRoot: [UInt8]
  package let manifestAuthority: [UInt8]
  package let manifestIssuer: [UInt8]
  package let manifestSigner: [UInt8]
  package let responder: [UInt8]
  /// Boot ROM and firmware of each device.
  package let devices: [(bootROM: [UInt8], firmware: [UInt8])]

  private static let authorityNames = [
    "nvidia-root", "nvidia-identity", "nvidia-provisioner", "rim-root", "rim-authority", "rim-issuer", "rim-signer",
    "nvidia-responder",
  ]
  /// Eight GPUs and four switches.
  private static let deviceCount = 12
  static let names =
    authorityNames.map { "\($0).key.der" }
    + (0..<deviceCount).flatMap { ["device\($0)-brom.key.der", "device\($0)-firmware.key.der"] }

  /// P-384 all of them.
  package static func generate() -> SimulatedNVIDIAKeys { SimulatedNVIDIAKeys(names.map { _ in Mint.p384Key() }) }

  /// The keys of this process, made at first use: every test shares them.
  package static let shared = generate()

  /// A key that nobody vouches for, for tests.
  package static let stranger = Mint.p384Key()
  package static let strangerP256 = Mint.p256Key()

  /// - Parameter list: in the order of `names`.
  init(_ list: [[UInt8]]) {
    root = list[0]
    identity = list[1]
    provisioner = list[2]
    manifestRoot = list[3]
    manifestAuthority = list[4]
    manifestIssuer = list[5]
    manifestSigner = list[6]
    responder = list[7]
    devices = stride(from: 8, to: list.count, by: 2).map { (list[$0], list[$0 + 1]) }
  }

  var list: [[UInt8]] {
    [root, identity, provisioner, manifestRoot, manifestAuthority, manifestIssuer, manifestSigner, responder]
      + devices.flatMap { [$0.bootROM, $0.firmware] }
  }
}
