import Bytes
import Testing

@testable import Weights

@Suite struct SafetensorsHeaderTests {
  static func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    var writer = ByteWriter()
    writer.littleEndian(length ?? UInt64(header.utf8.count))
    writer.append(header)
    writer.zeros(data)
    return writer.bytes
  }

  static let good =
    #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}}  "#

  private func check(_ bytes: [UInt8]) throws(WeightsHeader.Problem) {
    try WeightsHeader.check(MemoryBytes(bytes: bytes), path: "m.safetensors")
  }

  @Test func aHeaderThatDescribesItsFilePasses() throws {
    try check(Self.file(Self.good, data: 26))
    try check(Self.file("{}", data: 0))
    try check(Self.file(#"{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}"#, data: 2))
  }

  @Test func everyShorterOrLongerFileIsRefused() {
    let bytes = Self.file(Self.good, data: 26)
    for count in 0..<bytes.count { #expect(throws: WeightsHeader.Problem.self) { try check(Array(bytes[..<count])) } }
    #expect(throws: WeightsHeader.Problem.self) { try check(bytes + [0]) }
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,24]}}"#,  // size and shape differ
    #"{"a":{"dtype":"F32","shape":[6],"data_offsets":[24,0]}}"#,  // backwards
    #"{"a":{"dtype":"U8","shape":[25],"data_offsets":[0,25]}}"#,  // beyond the file
    #"{"a":{"dtype":"U8","shape":[12],"data_offsets":[12,24]}}"#,  // a gap
    #"{"a":{"dtype":"U8","shape":[24],"data_offsets":[0,24]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"#,
    #"{"a":{"dtype":"U8","shape":[4294967296,4294967296,2],"data_offsets":[0,24]}}"#,  // overflow to 0
    #"{"a":{"dtype":"F64","shape":[2305843009213693955],"data_offsets":[0,24]}}"#,  // overflow to 24
    #"{"a":{"dtype":"U8","shape":[-24],"data_offsets":[0,24]}}"#,
    #"{"a":{"dtype":"U8","shape":[24.0],"data_offsets":[0,24]}}"#,
    #"{"a":{"dtype":"Q9","shape":[24],"data_offsets":[0,24]}}"#,
    #"{"a":{"dtype":"U8","shape":[24],"data_offsets":[0,24,1]}}"#,
    #"{"a":{"dtype":"U8","shape":[24],"data_offsets":[0,24],"x":1}}"#,
    #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#,
    #"{"__metadata__":{"a":1}}"#, #"{"__metadata__":[]}"#, #"[]"#, #" {}"#, "",
    #"{"a":{"dtype":"U8","shape":[24],"data_offsets":[0,24]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
  ])
  func aHeaderThatDoesNotIsRefused(_ header: String) {
    #expect(throws: WeightsHeader.Problem.self) { try check(Self.file(header, data: 24)) }
  }

  @Test(arguments: [UInt64.max, UInt64(Int64.max), 1 << 32, 100_000_001, 3])
  func aLyingLengthCostsNoMemory(_ length: UInt64) {
    #expect(throws: WeightsHeader.Problem.self) { try check(Self.file("{}", data: 0, length: length)) }
  }

  @Test func aReadFailureIsNotAHeaderProblem() {
    #expect {
      try WeightsHeader.check(MemoryBytes(bytes: Self.file("{}", data: 0), isBroken: true), path: "m.safetensors")
    } throws: { error in
      if case .storage = error as? WeightsHeader.Problem { true } else { false }
    }
  }
}

@Suite struct GGUFHeaderTests {
  /// A file with the given pieces; the data starts at the next multiple of `alignment`.
  private func file(
    magic: String = "GGUF", version: UInt32 = 3, tensorCount: UInt64? = nil, pairCount: UInt64? = nil,
    pairs: [[UInt8]] = [], tensors: [[UInt8]] = [], alignment: Int = 32, data: Int = 0
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(magic)
    writer.littleEndian(version)
    writer.littleEndian(tensorCount ?? UInt64(tensors.count))
    writer.littleEndian(pairCount ?? UInt64(pairs.count))
    for piece in pairs + tensors { writer.append(piece) }
    writer.zeros((alignment - writer.bytes.count % alignment) % alignment + data)
    return writer.bytes
  }

  private func text(_ text: String) -> [UInt8] {
    var writer = ByteWriter()
    writer.littleEndian(UInt64(text.utf8.count))
    writer.append(text)
    return writer.bytes
  }

  private func u32(_ value: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    writer.littleEndian(value)
    return writer.bytes
  }

  private func u64(_ value: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.littleEndian(value)
    return writer.bytes
  }

  private func tensor(_ name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64) -> [UInt8] {
    text(name) + u32(UInt32(dimensions.count)) + dimensions.flatMap(u64) + u32(type) + u64(offset)
  }

  private func check(_ bytes: [UInt8]) throws(WeightsHeader.Problem) {
    try WeightsHeader.check(MemoryBytes(bytes: bytes), path: "m.gguf")
  }

  private var pairs: [[UInt8]] {
    [
      text("general.name") + u32(8) + text("demo"), text("general.alignment") + u32(4) + u32(64),
      text("flag") + u32(7) + [1], text("big") + u32(12) + u64(7),
      text("tokens") + u32(9) + u32(8) + u64(2) + text("a") + text("bc"),
      text("scores") + u32(9) + u32(6) + u64(3) + [UInt8](repeating: 0, count: 12),
    ]
  }

  private var good: [UInt8] {
    file(
      pairs: pairs, tensors: [tensor("a", [8, 2], offset: 0), tensor("b", [32, 1], type: 8, offset: 64)],
      alignment: 64, data: 64 + 34)
  }

  @Test func aHeaderThatDescribesItsFilePasses() throws {
    try check(good)
    try check(file(version: 2))
    try check(file(tensors: [tensor("a", [4], offset: 0)], data: 32))
  }

  @Test func everyPrefixIsRefused() {
    for count in 0..<good.count { #expect(throws: WeightsHeader.Problem.self) { try check(Array(good[..<count])) } }
  }

  @Test func aHeaderThatDoesNotIsRefused() {
    let tensors = [tensor("a", [4], offset: 0)]
    let bad: [(String, [UInt8])] = [
      ("magic", file(magic: "GGML")), ("version 1", file(version: 1)), ("version 4", file(version: 4)),
      ("big-endian version", file(version: 3 << 24)),
      ("tensor count", file(tensorCount: .max)), ("tensor count beyond the file", file(tensorCount: 1000)),
      ("pair count", file(pairCount: .max)), ("pair count beyond the file", file(pairCount: 60_000)),
      ("key length", file(pairs: [u64(.max) + u32(0)])),
      ("string length", file(pairs: [text("k") + u32(8) + u64(.max)])),
      ("array length", file(pairs: [text("k") + u32(9) + u32(10) + u64(1 << 61)])),
      ("array length in bytes", file(pairs: [text("k") + u32(9) + u32(12) + u64(1 << 27)])),
      ("array of arrays", file(pairs: [text("k") + u32(9) + u32(9) + u64(1) + u32(4) + u64(0)])),
      ("value type", file(pairs: [text("k") + u32(13) + u64(0)])),
      ("key twice", file(pairs: [text("k") + u32(0) + [1], text("k") + u32(0) + [1]])),
      ("alignment 0", file(pairs: [text("general.alignment") + u32(4) + u32(0)])),
      ("alignment 48", file(pairs: [text("general.alignment") + u32(4) + u32(48)])),
      ("alignment as text", file(pairs: [text("general.alignment") + u32(8) + text("32")])),
      ("name length", file(tensors: [tensor(String(repeating: "n", count: 65), [4], offset: 0)], data: 32)),
      ("name twice", file(tensors: [tensor("a", [4], offset: 0), tensor("a", [4], offset: 32)], data: 64)),
      ("five dimensions", file(tensors: [tensor("a", [1, 1, 1, 1, 1], offset: 0)], data: 32)),
      ("product overflows to 0", file(tensors: [tensor("a", [1 << 32, 1 << 32], offset: 0)], data: 32)),
      ("product beyond Int64", file(tensors: [tensor("a", [1 << 31, 1 << 32], offset: 0)], data: 32)),
      ("bytes overflow", file(tensors: [tensor("a", [1 << 61 | 1], offset: 0)], data: 32)),
      ("unknown type", file(tensors: [tensor("a", [4], type: 4, offset: 0)], data: 32)),
      ("part of a block", file(tensors: [tensor("a", [31], type: 8, offset: 0)], data: 64)),
      ("unaligned", file(tensors: [tensor("a", [4], offset: 16)], data: 64)),
      ("beyond the file", file(tensors: [tensor("a", [4], offset: 64)], data: 64)),
      ("offset overflows", file(tensors: [tensor("a", [8], offset: .max - 31)], data: 64)),
      ("overlap", file(tensors: [tensor("a", [9], offset: 0), tensor("b", [4], offset: 32)], data: 64)),
      ("no data", Array(file(tensors: tensors, data: 32).dropLast(17))),
    ]
    for (what, bytes) in bad {
      #expect(throws: WeightsHeader.Problem.self, "\(what)") { try check(bytes) }
    }
  }
}

@Suite struct ContentRulesTests {
  @Test func aConfigurationThatNamesCodeIsNeitherSealedNorOpened() throws {
    let harmful = Array(#"{"a":[{"auto_map":{"AutoModel":"modeling.Model"}}]}"#.utf8)
    for path in ["config.json", "x/Config.JSON", "tokenizer_config.json"] {
      #expect(throws: WeightsError.code(path: path)) { try SealedModel([path: harmful]) }
      let sealed = try SealedModel([path: harmful], allowCode: true)
      #expect(try sealed.open() == [path: harmful])
      let silent = try Manifest(
        identity: sealed.manifest.identity, source: nil, allowCode: false, keyCommitment: sealed.manifest.keyCommitment,
        files: sealed.manifest.files)
      #expect(sealed.refusal(manifest: silent) == .code(path: path))
    }
    #expect(try SealedModel(["config.json": Array(#"{"a":"auto_map"}"#.utf8)]).refusal() == nil)
  }

  @Test(arguments: ["{\"a\":1,\"a\":2}", "{\"a\":1,}", "not json"])
  func aConfigurationThatTwoReadersReadDifferentlyIsRefused(_ text: String) {
    #expect {
      try SealedModel(["config.json": Array(text.utf8)])
    } throws: { error in
      if case .weightsHeader(path: "config.json", _) = error as? WeightsError { true } else { false }
    }
  }

  @Test func aLyingWeightFileIsNeitherSealedNorOpened() throws {
    let lying = SafetensorsHeaderTests.file(SafetensorsHeaderTests.good, data: 25)
    #expect(throws: WeightsError.self) { try SealedModel(["m.safetensors": lying]) }
    // A signer who skipped the check: the same bytes under a name that is not checked, opened under one that is.
    let good = SafetensorsHeaderTests.file(SafetensorsHeaderTests.good, data: 26)
    #expect(try SealedModel(["m.safetensors": good]).open() == ["m.safetensors": good])
  }

  @Test func codeIsNotSealedWithoutTheWord() throws {
    #expect(throws: WeightsError.code(path: "w.pt")) { try SealedModel(["w.pt": [1]]) }
    #expect(try SealedModel(["w.pt": [1]], allowCode: true).open() == ["w.pt": [1]])
  }
}
