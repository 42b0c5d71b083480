import Bytes
import Glibc

/// The private keys of a simulated vendor and its one simulated chip, as PKCS #8. They protect nothing.
package struct SimulatedKeys: Sendable {
  package let root: [UInt8]
  package let ask: [UInt8]
  package let asvk: [UInt8]
  package let vcek: [UInt8]
  package let vlek: [UInt8]

  /// Three RSA-4096 and two P-384 keys: seconds of work.
  package static func generate() -> SimulatedKeys {
    SimulatedKeys(
      root: Mint.rsaKey(), ask: Mint.rsaKey(), asvk: Mint.rsaKey(), vcek: Mint.p384Key(), vlek: Mint.p384Key())
  }

  /// The keys of this process, made at first use: every test shares them.
  package static let shared = generate()

  /// A key that is too small for a root, for tests.
  package static let rsa2048 = Mint.rsaKey(bits: 2048)

  /// SubjectPublicKeyInfo of a PKCS #8 key.
  package static func publicKey(of pkcs8: [UInt8]) -> [UInt8] { Mint.publicKey(of: pkcs8) }

  private init(root: [UInt8], ask: [UInt8], asvk: [UInt8], vcek: [UInt8], vlek: [UInt8]) {
    self.root = root
    self.ask = ask
    self.asvk = asvk
    self.vcek = vcek
    self.vlek = vlek
  }

  private static let names = ["ark.key.der", "ask.key.der", "asvk.key.der", "vcek.key.der", "vlek.key.der"]

  /// The keys of a folder; `nil` when one is missing.
  package init?(folder: String) {
    var keys: [[UInt8]] = []
    for name in Self.names {
      guard let key = Self.read("\(folder)/\(name)") else { return nil }
      keys.append(key)
    }
    self.init(root: keys[0], ask: keys[1], asvk: keys[2], vcek: keys[3], vlek: keys[4])
  }

  /// Writes the keys into a folder that exists; false when a file cannot be written.
  package func write(folder: String) -> Bool {
    zip(Self.names, [root, ask, asvk, vcek, vlek]).allSatisfy { name, key in
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
