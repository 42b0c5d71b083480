import Bytes
import Synchronization
import Testing

@testable import Weights

@Suite struct OpenerTests {
  /// Plaintext bytes of the first segment, and of the others.
  private static let first = (1 << 20) - 40 - 16
  private static let body = (1 << 20) - 16

  @Test(arguments: [
    0, 1, 15, 16, 17, first - 1, first, first + 1, first + body - 1, first + body, first + body + 1, 3 << 20,
  ])
  func everySizeComesBack(_ size: Int) throws {
    let bytes = noise(size)
    let sealed = try SealedModel(["weights.dat": bytes])
    #expect(sealed.blobs[sealed.name(of: "weights.dat")].count == sealed.manifest.files[0].layout.ciphertextSize)
    #expect(try sealed.open() == ["weights.dat": bytes])
    #expect(try sealed.open(checking: .segmentsAndDigests) == ["weights.dat": bytes])
  }

  @Test func manyFilesComeBackWhateverTheWidth() throws {
    var files: [String: [UInt8]] = [:]
    for index in 0..<20 { files["d\(index % 3)/f\(index)"] = noise(index * 70_001, seed: UInt64(index + 1)) }
    let sealed = try SealedModel(files, width: 3)
    for width in [1, 2, 7] { #expect(try sealed.open(width: width) == files) }
  }

  @Test func aKeyTheManifestDoesNotCommitToIsRefusedBeforeAnythingIsRead() throws {
    let sealed = try SealedModel(["a": [1]])
    let other = try SealedModel(["a": [1]], keyByte: 8)
    #expect(throws: WeightsError.wrongKey) { try Opener(sealed.manifest, key: try other.key(), width: 1) }
    #expect(throws: WeightsError.wrongKey) { try SealedModel.key([UInt8](repeating: 7, count: 31)) }
  }

  @Test func anyFlippedBitOfACiphertextIsRefused() throws {
    let sealed = try SealedModel(["f": noise(Self.first + 100)])
    let name = sealed.name(of: "f")
    let good = sealed.blobs[name]
    // Length byte, salt, nonce prefix, first ciphertext byte, its tag, the second segment, its tag.
    for index in [
      0, 1, 32, 33, 39, 40, 1 << 19, (1 << 20) - 16, (1 << 20) - 1, 1 << 20, good.count - 16, good.count - 1,
    ] {
      for bit in [0, 7] {
        var bad = good
        bad[index] ^= 1 << UInt8(bit)
        sealed.blobs[name] = bad
        let refusal = sealed.refusal()
        if index == 0 {
          #expect(refusal == .header(path: "f"))
        } else {
          #expect(refusal == .segment(path: "f", index: index < 1 << 20 ? 0 : 1))
        }
      }
    }
    sealed.blobs[name] = good
    #expect(sealed.refusal() == nil)
  }

  @Test func aCutOffOrLengthenedFileIsRefused() throws {
    let sealed = try SealedModel(["f": noise(Self.first + Self.body)])
    let name = sealed.name(of: "f")
    let good = sealed.blobs[name]
    for bad in [Array(good[..<(1 << 20)]), Array(good.dropLast()), good + [0], [], Array(good[..<39])] {
      sealed.blobs[name] = bad
      #expect(sealed.refusal() == .ciphertextSize(path: "f"))
    }
  }

  /// The size is in the manifest; the segment's own mark must hold even where a signer was careless about it.
  @Test func aFileCutAtASegmentIsRefusedEvenWhenItsManifestAgrees() throws {
    let sealed = try SealedModel(["f": noise(Self.first + Self.body)])
    let name = sealed.name(of: "f")
    sealed.blobs[name] = Array(sealed.blobs[name][..<(1 << 20)])
    let manifest = try sealed.manifest.replacing(path: "f", size: Self.first)
    #expect(sealed.refusal(manifest: manifest) == .segment(path: "f", index: 0))
  }

  @Test func segmentsInAnotherOrderOrTwiceAreRefused() throws {
    let sealed = try SealedModel(["f": noise(Self.first + 2 * Self.body + 5)])
    let name = sealed.name(of: "f")
    let good = sealed.blobs[name]
    let mebibyte = 1 << 20
    let parts = (0..<3).map { Array(good[$0 * mebibyte..<($0 + 1) * mebibyte]) }
    let tail = Array(good[(3 * mebibyte)...])
    sealed.blobs[name] = parts[0] + parts[2] + parts[1] + tail
    #expect(sealed.refusal() == .segment(path: "f", index: 1))
    sealed.blobs[name] = parts[0] + parts[1] + parts[1] + tail
    #expect(sealed.refusal() == .segment(path: "f", index: 2))
  }

  @Test func aBlobOfAnotherFileModelOrVersionIsRefused() throws {
    let bytes = noise(1000)
    let sealed = try SealedModel(["a": bytes, "b": bytes])
    let (a, b) = (sealed.name(of: "a"), sealed.name(of: "b"))
    let (blobA, blobB) = (sealed.blobs[a], sealed.blobs[b])
    sealed.blobs[a] = blobB
    #expect(sealed.refusal() == .segment(path: "a", index: 0))
    sealed.blobs[a] = blobA
    for (model, version) in [("other", "1"), ("demo", "2")] {
      let other = try SealedModel(["a": bytes, "b": bytes], model: model, version: version)
      sealed.blobs[a] = other.blobs[other.name(of: "a")]
      #expect(sealed.refusal() == .segment(path: "a", index: 0))
    }
  }

  @Test(arguments: [UInt8(0), 24, 39, 41, 255])
  func aHeaderOfAnotherFormatIsRefused(_ length: UInt8) throws {
    let sealed = try SealedModel(["f": [1, 2, 3]])
    let name = sealed.name(of: "f")
    sealed.blobs[name] = [length] + sealed.blobs[name].dropFirst()
    #expect(sealed.refusal() == .header(path: "f"))
  }

  @Test func aMissingBlobOrAFailingDestinationShowsNothing() throws {
    let sealed = try SealedModel(["a": [1], "b": [2]])
    let name = sealed.name(of: "b")
    let good = sealed.blobs[name]
    sealed.blobs.blobs.withLock { $0[name] = nil }
    #expect(sealed.refusal()?.code == "storage")
    sealed.blobs[name] = good
    let destination = MemoryDestination()
    destination.state.withLock { $0.failsToPublish = true }
    #expect(throws: WeightsError.self) { try sealed.open(destination) }
    #expect(destination.isDiscarded)
  }

  /// A holder of the key could seal other bytes; whoever does not trust all of them asks for the digests.
  @Test func theSignedDigestIsCheckedWhenAskedFor() throws {
    let sealed = try SealedModel(["f": noise(100)])
    let other = try SealedModel(["f": noise(100, seed: 2)])
    sealed.blobs[sealed.name(of: "f")] = other.blobs[other.name(of: "f")]
    #expect(sealed.refusal() == nil)
    #expect(sealed.refusal(checking: .segmentsAndDigests) == .digest(path: "f"))
  }

  @Test func twoSealsOfOneFileShareNothing() throws {
    let bytes = noise(100)
    let sealed = try SealedModel(["a": bytes, "b": bytes])
    let again = try SealedModel(["a": bytes])
    let blobs = [
      sealed.blobs[sealed.name(of: "a")], sealed.blobs[sealed.name(of: "b")], again.blobs[again.name(of: "a")],
    ]
    #expect(Set(blobs.map { Array($0[..<40]) }).count == 3)
    #expect(Set(blobs.map { Array($0[40...]) }).count == 3)
  }

  @Test func progressCountsEveryByte() throws {
    let sealed = try SealedModel(["a": noise(3 << 20), "b": noise(77)])
    let counter = Counter()
    let opener = try Opener(sealed.manifest, key: try sealed.key(), width: 3)
    try opener.open(from: sealed.blobs, into: MemoryDestination()) { counter.add($0) }
    #expect(counter.total == (3 << 20) + 77)
  }
}

extension Manifest {
  /// The same manifest with another size for one file, as a careless or lying signer might make.
  func replacing(path: String, size: Int) throws -> Manifest {
    try Manifest(
      identity: identity, source: source, allowCode: allowCode, keyCommitment: keyCommitment,
      files: files.map {
        File(
          path: $0.path, size: $0.path == path ? size : $0.size, role: $0.role, sha256: $0.sha256,
          ciphertextSHA256: $0.ciphertextSHA256)
      })
  }
}
