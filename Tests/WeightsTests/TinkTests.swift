import Bytes
import Glibc
import Testing

@testable import Weights

/// Both directions against an independent implementation of the format, when its Python package is installed.
@Suite(.enabled(if: Tink.isInstalled, "needs python3 with the package tink")) struct TinkTests {
  @Test(arguments: [0, 1, 1_048_519, 1_048_520, 1_048_521, 2_500_000])
  func tinkOpensWhatWeSeal(_ size: Int) throws {
    let bytes = noise(size)
    let sealed = try SealedModel(["dir/weights.dat": bytes], model: "demo/model", version: "v1.0")
    let data = sealed.manifest.identity.associatedData(path: "dir/weights.dat")
    let opened = try Tink.run(
      "decrypt", key: sealed.keyBytes, associatedData: data, sealed.blobs[sealed.name(of: "dir/weights.dat")])
    #expect(opened == bytes)
  }

  @Test(arguments: [0, 1, 1_048_519, 1_048_520, 1_048_521, 2_500_000])
  func weOpenWhatTinkSeals(_ size: Int) throws {
    let bytes = noise(size)
    let sealed = try SealedModel(["f": noise(size, seed: 9)])
    let data = sealed.manifest.identity.associatedData(path: "f")
    sealed.blobs[sealed.name(of: "f")] = try Tink.run(
      "encrypt", key: sealed.keyBytes, associatedData: data, bytes)
    #expect(try sealed.open() == ["f": bytes])
  }

  @Test func theAssociatedDataIsLengthPrefixed() throws {
    let identity = try ModelIdentity(model: "m", version: "22")
    #expect(
      identity.associatedData(path: "p")
        == [0, 0, 0, 20] + Array("vouchsafe/weights/v1".utf8) + [
          0, 0, 0, 1, 0x6D, 0, 0, 0, 2, 0x32, 0x32, 0, 0, 0, 1, 0x70,
        ])
  }
}

enum Tink {
  private static let program = """
    import base64, io, sys, json
    import tink
    from tink import cleartext_keyset_handle, streaming_aead
    from tink.proto import aes_gcm_hkdf_streaming_pb2 as pb, common_pb2, tink_pb2
    streaming_aead.register()
    mode, key, data, source, target = sys.argv[1:6]
    value = pb.AesGcmHkdfStreamingKey(version=0, key_value=bytes.fromhex(key), params=pb.AesGcmHkdfStreamingParams(
      ciphertext_segment_size=1048576, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256))
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[tink_pb2.Keyset.Key(
      key_data=tink_pb2.KeyData(type_url='type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey',
        value=value.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC),
      status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW)])
    handle = cleartext_keyset_handle.read(tink.BinaryKeysetReader(keyset.SerializeToString()))
    primitive = handle.primitive(streaming_aead.StreamingAead)
    if mode == 'encrypt':
      with open(target, 'wb') as out, open(source, 'rb') as plain:
        with primitive.new_encrypting_stream(out, bytes.fromhex(data)) as stream: stream.write(plain.read())
    else:
      with open(source, 'rb') as sealed, open(target, 'wb') as out:
        with primitive.new_decrypting_stream(sealed, bytes.fromhex(data)) as stream: out.write(stream.read())
    """

  static let isInstalled: Bool = python(["-c", "import tink"]) == 0

  struct Failed: Error {}

  static func run(_ mode: String, key: [UInt8], associatedData: [UInt8], _ input: [UInt8]) throws -> [UInt8] {
    var template = Array("/tmp/vouchsafe-tink-XXXXXX".utf8CString)
    let folder = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    let (source, target) = ("\(folder)/in", "\(folder)/out")
    defer {
      unsafe unlink(source)
      unsafe unlink(target)
      unsafe rmdir(folder)
    }
    guard let file = unsafe fopen(source, "w") else { throw Failed() }
    unsafe fwrite(input, 1, input.count, file)
    unsafe fclose(file)
    guard python(["-c", program, mode, Hex.encode(key), Hex.encode(associatedData), source, target]) == 0,
      let result = unsafe fopen(target, "r")
    else { throw Failed() }
    defer { unsafe fclose(result) }
    var bytes = [UInt8](repeating: 0, count: input.count + (1 << 20))
    let count = unsafe fread(&bytes, 1, bytes.count, result)
    return Array(bytes[..<count])
  }

  private static func python(_ arguments: [String]) -> Int32 {
    var words = unsafe (["python3"] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { word in unsafe free(word) } }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var child: pid_t = 0
    guard unsafe posix_spawnp(&child, "python3", &actions, nil, &words, environ) == 0 else { return -1 }
    var status: Int32 = 0
    unsafe waitpid(child, &status, 0)
    return status
  }
}
