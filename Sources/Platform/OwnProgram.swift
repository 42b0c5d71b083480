import Cryptography
import Glibc

/// The program file that this process runs.
package enum OwnProgram {
  /// SHA-256 of the file, or of nothing when it cannot be read.
  package static func digest() -> [UInt8] {
    var hash = HashStream(.sha256)
    let number = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return hash.finish() }
    let file = FileDescriptor(number)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = unsafe Glibc.read(file.number, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return hash.finish() }
      hash.update(Array(buffer[..<count]))
    }
  }
}
