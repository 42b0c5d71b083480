import Bytes
import Cryptography
import Glibc
import Testing

/// What the process's own memory shows of a secret, read through `/proc/self/mem`.
@Suite(.serialized) struct SecretBytesTests {
  @Test func aSecretIsGoneFromMemoryWhenItsValueEnds() throws {
    #expect(Memory.occurrences(of: 1) == 0)
    do {
      let secret = Memory.secret(1)
      #expect(Memory.occurrences(of: 1) == 1)
      let moved = consume secret
      #expect(Memory.occurrences(of: 1) == 1)
      let second = moved.duplicate()
      #expect(Memory.occurrences(of: 1) == 2)
      #expect((moved.equals(second)) == true)
    }
    #expect(Memory.occurrences(of: 1) == 0)
  }

  @Test func aReplacedSecretIsGone() throws {
    var holder: SecretBytes? = Memory.secret(2)
    #expect(Memory.occurrences(of: 2) == 1)
    holder = SecretBytes.random(count: 32)
    #expect(Memory.occurrences(of: 2) == 0)
    _ = holder.take()
  }

  @Test func aFillThatThrowsLeavesNothing() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      _ = try SecretBytes.make(count: 32) { (span) throws(Stop) in
        Memory.write(3, to: &span)
        throw Stop()
      }
    }
    #expect(Memory.occurrences(of: 3) == 0)
  }

  @Test func anArrayTakenOverIsErased() throws {
    // Many, because the allocator would overwrite one by chance.
    var sources = (0..<200).map { _ in Memory.bytes(4) }
    for index in sources.indices {
      let secret = SecretBytes(erasing: &sources[index])
      #expect(sources[index].isEmpty && secret.count == 32)
    }
    sources = []
    #expect(Memory.occurrences(of: 4) == 0)
  }

  @Test func aKeyIsGoneAfterItsCipherIs() throws {
    do {
      var cipher = try SegmentCipher(key: Memory.secret(5))
      #expect(Memory.occurrences(of: 5) > 0)
      _ = try cipher.seal([1, 2, 3], nonce: Array(repeating: 0, count: 12))
    }
    #expect(Memory.occurrences(of: 5) == 0)
    do {
      let key = Memory.secret(6)
      _ = try AESGCM.seal([1], key: key, nonce: Array(repeating: 0, count: 12), aad: [])
      _ = HKDF.sha256(key, salt: [], info: [], count: 32)
      _ = Hash.sha256.digest(key)
      _ = try AESKeyWrap.wrap(key, key: key)
      _ = try Ed25519PrivateKey(seed: key.duplicate()).sign([1])
    }
    #expect(Memory.occurrences(of: 6) == 0)
  }

  @Test func aDecryptedSecretLivesInItsPagesOnly() throws {
    let pair = TEEKeyPair.generate(.ecP256)
    let json = try JWE.encrypt(Memory.secret(7), to: pair.jwk)
    #expect(Memory.occurrences(of: 7) == 0)
    do {
      let opened = try JWE.decrypt(json, with: pair)
      #expect(Memory.occurrences(of: 7) == 1)
      _ = opened.count
    }
    #expect(Memory.occurrences(of: 7) == 0)
  }

  @Test func thePagesAreLockedGuardedAndKeptFromDumpsAndChildren() throws {
    let secret = Memory.secret(8)
    let address = secret.withBytes { span in
      unsafe span.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }
    let map = try Memory.mapping(at: address)
    #expect(map.permissions == "rw-p")
    #expect(map.flags.contains("dd") && map.flags.contains("wf"))
    #expect(map.flags.contains("lo") == secret.isLocked)
    #expect(try Memory.mapping(at: address - 1).permissions == "---p")
    #expect(try Memory.mapping(at: address + 4096).permissions == "---p")
    #expect(map.upper - map.lower == 4096)
    #expect(secret.count == 32)
  }

  @Test func sizesAreExact() {
    for count in [0, 1, 4095, 4096, 4097, 100_000] {
      let secret = SecretBytes.random(count: count)
      #expect(secret.count == count)
      #expect(secret.withBytes { $0.byteCount } == count)
      #expect(secret.prefix(count / 2).count == count / 2)
      let isZero = secret.equals(SecretBytes.make(count: count) { _ in })
      #expect(count < 16 || !isZero)
    }
  }

  @Test func comparisonSeesEveryByte() {
    let bytes = Memory.bytes(9)
    #expect(constantTimeEquals(bytes, bytes))
    #expect(constantTimeEquals([UInt8](), [UInt8]()))
    #expect(!constantTimeEquals(bytes, bytes.dropLast()))
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1
      #expect(!constantTimeEquals(bytes, other))
      #expect((SecretBytes(bytes).equals(SecretBytes(other))) == false)
    }
  }
}

/// Patterns that stand nowhere in the program as such: they are computed byte by byte.
enum Memory {
  static func byte(_ seed: Int, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (index &* 37 &+ seed &* 101 &+ 11) ^ (index &* index &* seed))
  }

  static func bytes(_ seed: Int) -> [UInt8] { (0..<32).map { byte(seed, $0) } }

  static func write(_ seed: Int, to span: inout MutableRawSpan) {
    for index in 0..<32 { span.storeBytes(of: byte(seed, index), toByteOffset: index, as: UInt8.self) }
  }

  static func secret(_ seed: Int) -> SecretBytes { SecretBytes.make(count: 32) { write(seed, to: &$0) } }

  struct Mapping {
    var lower: UInt
    var upper: UInt
    var permissions: String
    var flags: [String] = []
  }

  static func mappings(_ path: String) throws -> [Mapping] {
    var found: [Mapping] = []
    for line in String(decoding: try file(path), as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first == "VmFlags:" {
        found[found.count - 1].flags = words.dropFirst().map(String.init)
      } else if let range = words.first?.split(separator: "-"), range.count == 2, let lower = UInt(range[0], radix: 16),
        let upper = UInt(range[1], radix: 16)
      {
        found.append(Mapping(lower: lower, upper: upper, permissions: String(words[1])))
      }
    }
    return found
  }

  static func mapping(at address: UInt) throws -> Mapping {
    try #require(try mappings("/proc/self/smaps").first { $0.lower <= address && address < $0.upper })
  }

  private static func file(_ path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  /// How often the first half or the second half of a pattern stands in writable memory, whichever is more: the
  /// allocator overwrites the head of what it takes back.
  static func occurrences(of seed: Int) -> Int {
    max(occurrences(of: seed, from: 0), occurrences(of: seed, from: 16))
  }

  private static func occurrences(of seed: Int, from start: Int) -> Int {
    guard let mappings = try? mappings("/proc/self/maps") else { return -1 }
    let descriptor = unsafe open("/proc/self/mem", O_RDONLY)
    let chunk = 1 << 20
    guard descriptor >= 0,
      let buffer = unsafe mmap(nil, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    else { return -1 }
    defer {
      unsafe memset(buffer, 0, chunk)
      unsafe munmap(buffer, chunk)
      close(descriptor)
    }
    var hits = 0
    let own = UInt(bitPattern: buffer)
    for map in mappings where map.permissions.hasPrefix("rw") && map.lower != own {
      var offset = map.lower
      while offset < map.upper {
        let count = unsafe pread(descriptor, buffer, min(chunk, Int(map.upper - offset)), off_t(offset))
        guard count > 0 else { break }
        hits += unsafe matches(UnsafeRawBufferPointer(start: buffer, count: count), seed, start)
        offset += UInt(count)
      }
    }
    return hits
  }

  private static func matches(_ memory: UnsafeRawBufferPointer, _ seed: Int, _ start: Int) -> Int {
    guard let base = memory.baseAddress else { return 0 }
    let first = Int32(byte(seed, start))
    var hits = 0
    var from = 0
    while from + 16 <= memory.count, let found = unsafe memchr(base + from, first, memory.count - from - 15) {
      let at = unsafe UnsafeRawPointer(found) - base
      var index = 1
      while index < 16, unsafe memory[at + index] == byte(seed, start + index) { index += 1 }
      if index == 16 { hits += 1 }
      from = at + 1
    }
    return hits
  }
}
