import Bytes
import Glibc

/// Text that is checked in and compared line by line: a difference is a decision for a reviewer, not for a test.
///
/// Files lie in `Tests/Vectors`; with `VOUCHSAFE_GOLDEN=write` they are written anew instead of compared.
package enum Golden {
  package static func lines(_ name: String) throws -> [String] {
    String(decoding: try VectorStore.file(path(name)), as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// What differs, as a diff would say it: lines with `-` that are checked in only, with `+` that were found only.
  package static func differences(_ name: String, found: [String]) throws -> [String] {
    if unsafe getenv("VOUCHSAFE_GOLDEN").map({ unsafe String(cString: $0) }) == "write" { try write(name, found) }
    let wanted = try lines(name)
    guard wanted != found else { return [] }
    let (before, after) = (Set(wanted), Set(found))
    let changed =
      wanted.filter { !after.contains($0) }.map { "-\($0)" } + found.filter { !before.contains($0) }.map { "+\($0)" }
    return changed.isEmpty ? ["the lines are in another order"] : changed
  }

  private static func path(_ name: String) -> String {
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Vectors/\(name)"
  }

  private static func write(_ name: String, _ lines: [String]) throws {
    let descriptor = unsafe open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw VectorStore.Missing(path: name, errno: errno) }
    defer { close(descriptor) }
    var rest = Array(lines.map { $0 + "\n" }.joined().utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw VectorStore.Missing(path: name, errno: errno) }
      rest = rest.dropFirst(count)
    }
  }
}
