import Glibc

/// A directory of one test, removed when the test ends.
final class Scratch {
  let path: String

  init(in parent: String = "/dev/shm") {
    var template = Array("\(parent)/vouchsafe-test-XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    unsafe chmod(path, 0o700)
    if let stream = unsafe opendir(path) {
      while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
          unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard name != ".", name != ".." else { continue }
        if unsafe unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
      }
      unsafe closedir(stream)
    }
    unsafe rmdir(path)
  }

  func file(_ name: String, _ text: String) {
    let number = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = unsafe write(number, text, text.utf8.count)
    close(number)
  }

  var names: [String] {
    guard let stream = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(stream) }
    var found: [String] = []
    while let entry = unsafe readdir(stream) {
      found.append(
        unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
          unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return found.filter { $0 != "." && $0 != ".." }.sorted()
  }
}

func mode(of path: String) -> UInt32 {
  var status = stat()
  return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}
