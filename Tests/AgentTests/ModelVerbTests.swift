import Bytes
import Glibc
import Platform
import SignedNotes
import Testing
import Weights

@testable import Agent

/// `vouchsafe model …` as a person runs it.
@Suite(.serialized, .enabled(if: RunningProgram.isBuilt, "needs the program vouchsafe beside the tests"))
struct ModelVerbTests {
  private final class Folder {
    let path: String
    let tree: FileTree

    init() throws {
      var template = Array("/tmp/vouchsafe-model-XXXXXX".utf8CString)
      path = unsafe template.withUnsafeMutableBufferPointer { buffer in
        unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
      }
      tree = try FileTree.open(path)
      try TestPod.write(Array("{\"hidden_size\":8}".utf8), "plain/config.json", tree)
      try TestPod.write((0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }, "plain/a/weights.dat", tree)
      try TestPod.write([], "plain/empty", tree)
    }

    deinit { try? FileTree.open("/tmp").remove(String(path.dropFirst("/tmp/".count))) }

    func read(_ name: String) throws -> [UInt8] { try tree.readFile(name, limitBytes: 1 << 24) }

    /// Runs one verb. - Returns: its exit status.
    func run(_ words: String...) async throws -> Int32 {
      let arguments = words.map { $0.hasPrefix("@") ? "\(path)/\($0.dropFirst())" : $0 }
      return try await RunningProgram(RunningProgram.toolPath, ["model"] + arguments, folder: path).status()
    }

    var errors: String { String(decoding: (try? read("stderr")) ?? [], as: UTF8.self) }

    func seal(_ more: String...) async throws -> Int32 {
      try await RunningProgram(
        RunningProgram.toolPath,
        [
          "model", "seal", "\(path)/plain", "\(path)/sealed", "--model", "demo", "--version", "1", "--key-file",
          "\(path)/k",
        ]
          + more, folder: path
      ).status()
    }
  }

  @Test func whatIsSealedComesBack() async throws {
    let folder = try Folder()
    #expect(try await folder.seal() == 0)
    #expect(try folder.read("k").count == 32)
    var status = stat()
    #expect(unsafe lstat("\(folder.path)/k", &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(unsafe lstat("\(folder.path)/k.provider.key", &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(
      try await folder.run("open", "@sealed", "@out", "--key-file", "@k", "--verify-key", "@k.provider.vkey") == 0)
    for name in ["config.json", "a/weights.dat", "empty"] {
      #expect(try folder.read("out/\(name)") == folder.read("plain/\(name)"))
    }
    #expect(try await folder.run("verify", "@sealed", "--verify-key", "@k.provider.vkey", "--key-file", "@k") == 0)
    #expect(try await folder.run("inspect", "@sealed", "-o", "json") == 0)
    let shown = try StrictJSON.parse(try folder.read("stdout"))
    #expect(shown["signatureChecked"]?.boolValue == false)
    #expect(shown["manifest"]?["model"]?.stringValue == "demo")
    #expect(try folder.tree.entries().allSatisfy { !$0.name.contains("partial") })
  }

  @Test func everyRefusalHasItsStatusAndLeavesNothing() async throws {
    let folder = try Folder()
    #expect(try await folder.seal("--quiet") == 0)
    try TestPod.write([UInt8](repeating: 1, count: 32), "other", folder.tree)
    try TestPod.write([UInt8](repeating: 1, count: 33), "long", folder.tree)
    let stranger = try FakeBroker.signer("stranger", seed: 7).verifierKey.text
    #expect(try await folder.run("open", "@sealed", "@out", "--key-file", "@other") == 6)
    #expect(try await folder.run("open", "@sealed", "@out", "--key-file", "@long") == 5)
    #expect(try await folder.run("open", "@sealed", "@out", "--key-file", "@k", "--verify-key", stranger) == 2)
    #expect(try await folder.run("verify", "@sealed", "--verify-key", stranger) == 2)
    let blobs = try folder.tree.subtree("sealed/blobs").entries().map(\.name)
    for name in blobs {
      let path = "\(folder.path)/sealed/blobs/\(name)"
      let good = try SmallFile.read(path, limitBytes: 1 << 24)
      var bad = good
      bad[bad.count - 1] ^= 1
      try SmallFile.overwrite(path, bad)
      #expect(try await folder.run("open", "@sealed", "@out", "--key-file", "@k") == 6)
      #expect(try await folder.run("verify", "@sealed", "--verify-key", "@k.provider.vkey") == 6)
      try SmallFile.overwrite(path, good)
    }
    try SmallFile.overwrite("\(folder.path)/sealed/manifest.json", Array("{}".utf8))
    #expect(try await folder.run("open", "@sealed", "@out", "--key-file", "@k") == 5)
    #expect(try await folder.run("inspect", "@sealed") == 5)
    #expect(!folder.tree.contains("out"))
    #expect(try folder.tree.entries().allSatisfy { !$0.name.contains("partial") })
  }

  @Test func codeLinksAndTakenNamesAreNotSealed() async throws {
    let folder = try Folder()
    try TestPod.write([1], "plain/model.pt", folder.tree)
    #expect(try await folder.seal() == 4)
    #expect(!folder.tree.contains("sealed"))
    #expect(try await folder.seal("--allow-code") == 0)
    #expect(try await folder.seal("--allow-code") == 1)
    #expect(folder.errors.contains("the name is taken"))
    unsafe symlink("/etc/passwd", "\(folder.path)/plain/link")
    #expect(
      try await folder.run("seal", "@plain", "@second", "--model", "d", "--version", "1", "--key-file", "@k") == 1)
    #expect(folder.errors.contains("plain/link is a link"))
    #expect(!folder.tree.contains("second"))
  }
}
