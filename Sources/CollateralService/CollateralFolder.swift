import Bytes
package import Collateral
import Glibc
package import Platform
import Verification

/// A folder of artefacts, whoever put them there: recognised by what is in a file. Read only.
package struct CollateralFolder: Sendable {
  package let path: String
  private let origins: CollateralOrigins

  private static let fileLimitBytes = 4 << 20
  private static let fileLimit = 100_000

  /// - Throws: `PlatformError` for a folder that is not there.
  package init(path: String) throws(PlatformError) {
    self.path = path
    let directory = try DurableDirectory(path: path)
    let index = try? directory.read(file: CollateralOrigins.fileName)
    origins = CollateralOrigins(parsing: index.flatMap { $0 } ?? [])
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
      if let key = CollateralKey(fileName: name), artefacts.contains(where: { key.isAnswered(by: $0.subject) }) {
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
  /// Of a file that is named as `fileName` names it.
  init?(fileName name: String) {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    // NVIDIA's own names have underscores too.
    let manifest = "nvidia_rim_"
    let text =
      name.hasPrefix(manifest)
      ? "nvidia/rim/" + name[..<dot].dropFirst(manifest.count) : String(name[..<dot].map { $0 == "_" ? "/" : $0 })
    guard let key = try? CollateralKey(text: text), key.fileName == name else { return nil }
    self = key
  }

  /// The name of its file in a folder.
  package var fileName: String {
    let form =
      switch self {
      case .intelTCBInfo, .intelQEIdentity: "json"
      case .nvidiaManifest: "xml"
      default: "pem"
      }
    return String(text.map { $0 == "/" ? "_" : $0 }) + ".\(form)"
  }
}
