import Bytes
package import Collateral
import Glibc
package import Platform
import Verification

/// A folder of artefacts that survives a crash: one file for each key, which any reader of collateral recognises by what
/// is in it. Files that others put there are read too, and left alone.
package struct CollateralFolder: Sendable {
  package let path: String
  private let directory: DurableDirectory
  /// Holds the lock for as long as this value, or a copy of it, lives.
  private let locked: DurableDirectory
  private var origins: CollateralOrigins

  private static let fileLimitBytes = 4 << 20
  private static let fileLimit = 100_000
  /// Hidden, so that nobody takes what is in it for an artefact.
  private static let own = ".store"

  /// Opens the folder, makes it when it is not there, and keeps every other writer out.
  package init(path: String) throws(PlatformError) {
    try SmallFile.makeFolder(path, mode: 0o755)
    self.path = path
    directory = try DurableDirectory(path: path)
    try directory.create(directory: Self.own)
    locked = try DurableDirectory(path: "\(path)/\(Self.own)")
    try locked.lock()
    origins = CollateralOrigins(parsing: try directory.read(file: "\(Self.own)/index.json") ?? [])
  }

  /// What is there, in no order. Unverified.
  ///
  /// - Parameter ignored: files that are no artefact.
  package func records(ignored: inout [String]) throws(PlatformError) -> [CollateralRecord] {
    var records: [CollateralRecord] = []
    var foreign: [CollateralArtefact] = []
    for name in try names() {
      guard let bytes = try? SmallFile.read("\(path)/\(name)", limitBytes: Self.fileLimitBytes) else {
        ignored.append(name)
        continue
      }
      let artefacts = CollateralArtefact.all(in: bytes)
      if let key = artefacts.lazy.compactMap({ CollateralKey($0.subject) }).first(where: { $0.fileName == name }) {
        records.append(record(key, bytes))
      } else {
        if artefacts.isEmpty { ignored.append(name) }
        foreign += artefacts
      }
    }
    return records + CollateralRecord.records(of: foreign, fetchedAt: 0, source: "a file in \(path)")
  }

  private func record(_ key: CollateralKey, _ body: [UInt8]) -> CollateralRecord {
    let plain = CollateralRecord(key: key, body: body, fetchedAt: 0, source: "a file in \(path)")
    guard let origin = origins[key], origin.digest == plain.digest else { return plain }
    return CollateralRecord(key: key, body: body, fetchedAt: origin.fetchedAt, source: origin.source)
  }

  /// Durable on return; after a crash either the old or the new file is there, whole.
  package mutating func save(_ record: CollateralRecord) throws(PlatformError) {
    try replace(record.key.fileName, record.body)
    origins[record.key] = CollateralOrigins.Origin(record)
    try replace("\(Self.own)/index.json", origins.bytes)
  }

  private func replace(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let temporary = "\(Self.own)/new"
    try write(temporary, bytes)
    try directory.move(temporary, to: name)
    try directory.synchronize(directory: "")
    try directory.synchronize(directory: Self.own)
  }

  private func write(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let handle = try directory.create(file: name)
    defer { directory.close(handle) }
    try directory.write(bytes, to: handle, at: 0)
    try directory.synchronize(handle)
  }

  private func names() throws(PlatformError) -> [String] {
    guard let folder = unsafe opendir(path) else { throw .system(.listDirectory, errno: errno) }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix("."), isRegular(name) else { continue }
      names.append(name)
      guard names.count <= Self.fileLimit else { throw .tooLong(limitBytes: Self.fileLimit) }
    }
    return names.sorted()
  }

  private func isRegular(_ name: String) -> Bool {
    var status = stat()
    return unsafe stat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}

extension CollateralKey {
  /// The name of its file in a folder.
  package var fileName: String {
    let isDocument =
      switch self {
      case .intelTCBInfo, .intelQEIdentity: true
      default: false
      }
    return String(text.map { $0 == "/" ? "_" : $0 }) + (isDocument ? ".json" : ".pem")
  }
}
