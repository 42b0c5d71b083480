package import Bytes
import Glibc

/// Finds the real-hardware and public test vectors, which are read from outside the repository.
///
/// `VOUCHSAFE_VECTORS` names the folder; unset, it is `../shared/vectors` beside the checkout. Absent means the suites
/// that need it are skipped and say so (`.enabled(if: VectorStore.isPresent)`).
package enum VectorStore {
  package static let root: String = {
    if let named = unsafe getenv("VOUCHSAFE_VECTORS") { return unsafe String(cString: named) }
    let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(here)/../shared/vectors"
  }()

  package static var isPresent: Bool { unsafe access(root, R_OK) == 0 }

  /// The bytes of the file at `path` below the folder.
  package static func read(_ path: String) throws -> [UInt8] { try file("\(root)/\(path)") }

  /// The strictly parsed JSON file at `path`; limits wide enough for the manifests.
  package static func json(_ path: String) throws -> JSONValue {
    try StrictJSON.parse(try read(path), limits: StrictJSON.Limits(depth: 64, tokens: 4_000_000))
  }

  package static func file(_ path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Missing(path: path, errno: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      guard count >= 0 else { throw Missing(path: path, errno: errno) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  package struct Missing: Error {
    package let path: String
    package let errno: Int32
  }
}
