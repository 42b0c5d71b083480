import Glibc
import Terminal
import Verification

/// What a person's folders of collateral hold, recognised by content and never by file name. Unverified: carriers.
struct CollateralBag {
  private(set) var artefacts: [CollateralArtefact] = []
  /// Files that are no known artefact.
  private(set) var ignored: [String] = []

  private static let fileLimitBytes = 4 << 20
  private static let fileCountLimit = 10_000

  init(paths: [String]) throws(Failure) {
    for path in paths {
      for file in try Self.files(at: path) { try take(file) }
    }
  }

  /// The files themselves, unread.
  static func contents(of paths: [String]) throws(Failure) -> [[UInt8]] {
    var contents: [[UInt8]] = []
    for path in paths {
      for file in try files(at: path) { contents.append(try Console.readFile(file, limit: fileLimitBytes)) }
    }
    return contents
  }

  var endorsements: Endorsements { Endorsements(artefacts) }

  private mutating func take(_ file: String) throws(Failure) {
    let bytes = try Console.readFile(file, limit: Self.fileLimitBytes)
    let found = CollateralArtefact.all(in: bytes)
    if found.isEmpty { ignored.append(file) }
    artefacts += found
  }

  /// The regular files of a folder, by name; a file is itself.
  private static func files(at path: String) throws(Failure) -> [String] {
    guard let folder = unsafe opendir(path) else {
      guard errno == ENOTDIR else { throw Failure(.usage, "cannot read \(path): \(Console.systemMessage())") }
      return [path]
    }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix("."), isRegular("\(path)/\(name)") { names.append(name) }
      guard names.count <= fileCountLimit else { throw Failure(.usage, "\(path) holds too many files") }
    }
    return names.sorted().map { "\(path)/\($0)" }
  }

  private static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
