import Platform
import TestSupport
import Testing
import Weights

@testable import Stores

@Suite struct SealedDirectoryTests {
  static func files() -> [String: [UInt8]] {
    var generator = SeededGenerator(seed: 6)
    return ["w/large.dat": generator.bytes(5 << 20), "small.txt": [1, 2, 3], "empty": []]
  }

  @Test(arguments: [1, 2, 16])
  func aModelComesBackWhateverTheWidth(width: Int) throws {
    let model = try StoredModel(Self.files())
    let store = try SealedDirectory(model.path, width: width)
    #expect(try model.opened(from: store, width: width) == model.files)
    #expect(try store.manifest() == model.manifest.bytes)
    #expect(try !store.note().isEmpty)
  }

  @Test func onceDiscardedNothingIsWrittenAnyMore() throws {
    let model = try StoredModel(["f": [1]])
    let volume = try model.makeVolume()
    let file = try volume.makeFile(at: "f", byteCount: 4)
    try unsafe file.write([1, 2, 3, 4].span.bytes, at: 0)
    volume.discard()
    #expect(throws: MemoryVolume.Discarded.self) { try unsafe file.write([1].span.bytes, at: 0) }
    #expect(throws: MemoryVolume.Discarded.self) { try file.memory(of: 0..<4) }
    #expect(throws: MemoryVolume.Discarded.self) { try volume.makeFile(at: "g", byteCount: 1) }
    #expect(throws: MemoryVolume.Discarded.self) { try volume.publish() }
  }
}
