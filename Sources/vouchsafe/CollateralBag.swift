import Bytes
import Cryptography
import Glibc
import Terminal
import Verification

/// What a person's folders of collateral hold, recognised by content and never by file name. Unverified: carriers.
struct CollateralBag {
  private(set) var certificates: [Certificate] = []
  private(set) var revocationLists: [CertificateRevocationList] = []
  /// Files that are no known artefact.
  private(set) var ignored: [String] = []

  private static let fileLimitBytes = 4 << 20
  private static let fileCountLimit = 10_000

  init(paths: [String]) throws(Failure) {
    for path in paths {
      for file in try Self.files(at: path) { try take(file) }
    }
  }

  var endorsements: Endorsements { Endorsements(certificates: certificates, revocationLists: revocationLists) }

  private mutating func take(_ file: String) throws(Failure) {
    let bytes = try Console.readFile(file, limit: Self.fileLimitBytes)
    let artefacts = CollateralArtefact.all(in: bytes)
    if artefacts.isEmpty { ignored.append(file) }
    for artefact in artefacts {
      switch artefact {
      case .certificate(let certificate): certificates.append(certificate)
      case .revocationList(let list): revocationLists.append(list)
      }
    }
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

/// One artefact of collateral.
enum CollateralArtefact {
  case certificate(Certificate)
  case revocationList(CertificateRevocationList)

  /// What the bytes hold: one artefact in DER, or any number of them in PEM.
  static func all(in bytes: [UInt8]) -> [CollateralArtefact] {
    if let certificate = try? Certificate(der: bytes) { return [.certificate(certificate)] }
    if let list = try? CertificateRevocationList(der: bytes) { return [.revocationList(list)] }
    return blocks(in: bytes).flatMap { block -> [CollateralArtefact] in
      if let found = try? Certificate.parsePEM(block) { return found.map { .certificate($0) } }
      if let found = try? CertificateRevocationList.parsePEM(block) { return found.map { .revocationList($0) } }
      return []
    }
  }

  /// Each PEM block on its own; whatever stands between them is passed over.
  private static func blocks(in bytes: [UInt8]) -> [[UInt8]] {
    var blocks: [[UInt8]] = []
    var block: [UInt8]?
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if line.starts(with: Array("-----BEGIN ".utf8)) { block = [] }
      block?.append(contentsOf: line + [0x0A])
      if let whole = block, line.starts(with: Array("-----END ".utf8)) {
        blocks.append(whole)
        block = nil
      }
    }
    return blocks
  }
}
