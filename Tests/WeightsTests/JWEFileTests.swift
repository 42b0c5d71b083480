import Bytes
import Cryptography
import Testing

@testable import Weights

@Suite struct JWEFileTests {
  private static let keyBytes = [UInt8](0..<32)

  private static func key() -> SecretBytes {
    var bytes = keyBytes
    return SecretBytes(erasing: &bytes)
  }

  private static let header = #"{"alg":"A256KW","enc":"A256GCM"}"#

  private static func encrypted(_ plain: [UInt8], header: String = header) throws -> [UInt8] {
    let head = Base64.url(Array(header.utf8))
    var contentBytes = noise(32, seed: 5)
    let content = SecretBytes(erasing: &contentBytes)
    let wrapped = try AESKeyWrap.wrap(content, key: key())
    let nonce = noise(12, seed: 6)
    let sealed = try AESGCM.seal(plain, key: content, nonce: nonce, aad: Array(head.utf8))
    let parts = [wrapped, nonce, Array(sealed.dropLast(16)), Array(sealed.suffix(16))].map { Base64.url($0) }
    return Array(([head] + parts).joined(separator: ".").utf8)
  }

  private static func opened(
    _ bytes: [UInt8], _ destination: MemoryDestination = MemoryDestination()
  ) throws -> [UInt8]? {
    let file = try JWEFile(MemoryBytes(bytes: bytes), path: "w.dat")
    try file.open(key: Self.key(), allowCode: false, into: destination)
    return destination.published?["w.dat"]
  }

  @Test(arguments: [0, 1, 2, 3, 15, 16, 17, (1 << 18) / 4 * 3 - 1, (1 << 18) / 4 * 3, (1 << 18) / 4 * 3 + 1, 1_000_001])
  func everySizeComesBack(_ size: Int) throws {
    let plain = noise(size)
    #expect(try Self.opened(try Self.encrypted(plain)) == plain)
  }

  @Test func anyFlippedCharacterIsRefusedAndShowsNothing() throws {
    let good = try Self.encrypted(noise(100))
    for index in good.indices {
      var bad = good
      // Another character of the alphabet, and a dot where there was none.
      for other in [bad[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A"), UInt8(ascii: ".")] {
        guard other != good[index] else { continue }
        bad[index] = other
        let destination = MemoryDestination()
        #expect(throws: WeightsError.self) { try Self.opened(bad, destination) }
        #expect(destination.published == nil)
      }
    }
  }

  @Test func everyPrefixAndEveryLongerTextIsRefused() throws {
    let good = try Self.encrypted(noise(40))
    for count in 0..<good.count {
      #expect(throws: WeightsError.self) { try Self.opened(Array(good[..<count])) }
    }
    for more in ["A", "\n", ".", "="] {
      #expect(throws: WeightsError.self) { try Self.opened(good + Array(more.utf8)) }
    }
  }

  @Test(arguments: [
    #"{"alg":"dir","enc":"A256GCM"}"#, #"{"alg":"A256KW","enc":"A128GCM"}"#, #"{"alg":"A256KW"}"#,
    #"{"alg":"A256KW","enc":"A256GCM","zip":"DEF"}"#, #"{"alg":"A256KW","enc":"A256GCM","crit":["x"],"x":1}"#,
    #"{"alg":"A256KW","alg":"A256KW","enc":"A256GCM"}"#, "[]", "",
  ])
  func anotherAlgorithmIsRefused(_ header: String) throws {
    let bytes = try Self.encrypted([1, 2, 3], header: header)
    #expect { try Self.opened(bytes) } throws: { ($0 as? WeightsError)?.code == "manifestMalformed" }
  }

  @Test func anotherKeyIsRefusedBeforeAnythingIsRead() throws {
    let file = try JWEFile(MemoryBytes(bytes: try Self.encrypted(noise(10))), path: "w.dat")
    var other = [UInt8](repeating: 1, count: 32)
    let secret = SecretBytes(erasing: &other)
    #expect(throws: WeightsError.wrongKey) {
      try file.open(key: secret, allowCode: false, into: MemoryDestination())
    }
  }

  @Test func codeIsRefusedByItsName() throws {
    let file = try JWEFile(MemoryBytes(bytes: try Self.encrypted(noise(10))), path: "w.pkl")
    let destination = MemoryDestination()
    #expect(throws: WeightsError.code(path: "w.pkl")) {
      try file.open(key: Self.key(), allowCode: false, into: destination)
    }
    #expect(destination.published == nil)
  }
}
