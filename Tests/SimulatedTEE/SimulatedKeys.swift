import Bytes
import Glibc

/// The private keys of the simulated vendors and of one simulated chip each, as PKCS #8. They protect nothing.
package struct SimulatedKeys: Sendable {
  package let root: [UInt8]
  package let ask: [UInt8]
  package let asvk: [UInt8]
  package let vcek: [UInt8]
  package let vlek: [UInt8]
  package let intel: SimulatedIntelKeys
  package let nvidia: SimulatedNVIDIAKeys

  /// Three RSA-4096 and two P-384 keys: seconds of work.
  package static func generate(
    intel: SimulatedIntelKeys = .generate(), nvidia: SimulatedNVIDIAKeys = .generate()
  ) -> SimulatedKeys {
    let keys = [Mint.rsaKey(), Mint.rsaKey(), Mint.rsaKey(), Mint.p384Key(), Mint.p384Key()]
    return SimulatedKeys(keys, intel: intel, nvidia: nvidia)
  }

  /// The keys of this process, made at first use: every test shares them.
  package static let shared = generate(intel: .shared, nvidia: .shared)

  /// A key that is too small for a root, for tests.
  package static let rsa2048 = Mint.rsaKey(bits: 2048)

  /// SubjectPublicKeyInfo of a PKCS #8 key.
  package static func publicKey(of pkcs8: [UInt8]) -> [UInt8] { Mint.publicKey(of: pkcs8) }

  private init(_ list: [[UInt8]], intel: SimulatedIntelKeys, nvidia: SimulatedNVIDIAKeys) {
    root = list[0]
    ask = list[1]
    asvk = list[2]
    vcek = list[3]
    vlek = list[4]
    self.intel = intel
    self.nvidia = nvidia
  }

  private static let names =
    ["ark.key.der", "ask.key.der", "asvk.key.der", "vcek.key.der", "vlek.key.der"] + SimulatedIntelKeys.names
    + SimulatedNVIDIAKeys.names

  /// The keys of a folder; `nil` when one is missing.
  package init?(folder: String) {
    var keys: [[UInt8]] = []
    for name in Self.names {
      guard let key = Self.read("\(folder)/\(name)") else { return nil }
      keys.append(key)
    }
    let (intel, nvidia) = (keys.dropFirst(5), keys.suffix(SimulatedNVIDIAKeys.names.count))
    self.init(
      Array(keys.prefix(5)), intel: SimulatedIntelKeys(Array(intel)), nvidia: SimulatedNVIDIAKeys(Array(nvidia)))
  }

  /// Writes the keys into a folder that exists; false when a file cannot be written.
  package func write(folder: String) -> Bool {
    zip(Self.names, [root, ask, asvk, vcek, vlek] + intel.list + nvidia.list).allSatisfy { name, key in
      Self.write("\(folder)/\(name)", key)
    }
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  private static func write(_ path: String, _ bytes: [UInt8]) -> Bool {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count
  }
}
