import Bytes
import Collateral
import CollateralService
import Glibc
import Platform
import Terminal
import Verification

/// What the verbs on collateral share: the store, and whom to ask.
struct CollateralOptions {
  static let store = Option("--store", value: "DIR", "where artefacts are kept; any folder of them will do")

  static let vendors = [
    Option("--pcs", value: "URL", "Intel's service at another address"),
    Option("--pccs", value: "URL", "a cache of Intel's service, asked in its place"),
    Option("--root-crl", value: "URL", "the revocation list of Intel's root, as a file at another address"),
    Option("--kds", value: "URL", "AMD's service at another address"),
    Option("--rim", value: "URL", "NVIDIA's service of reference manifests at another address"),
    Option("--ocsp", value: "URL", "NVIDIA's responder at another address"),
    Option("--early", "ask Intel for the newest evaluation, before it is in force everywhere"),
    Option("--trust-ca", value: "FILE", "PEM of who signs the certificates of those other addresses"),
    Option("--proxy", value: "URL", "http://host:port, for every question"),
  ]

  static func endpoints(_ arguments: Arguments) throws(Failure) -> VendorEndpoints {
    let (pcs, pccs) = (arguments.value("--pcs"), arguments.value("--pccs"))
    guard pcs == nil || pccs == nil else { throw Failure(.usage, "collateral: --pcs and --pccs exclude each other") }
    for option in ["--pcs", "--pccs", "--root-crl", "--kds", "--rim", "--ocsp"] {
      guard let url = arguments.value(option) else { continue }
      guard VendorClient.isPermitted(url) else {
        throw Failure(.usage, "collateral: \(option) takes an https URL, or an http one of this machine")
      }
    }
    let own = VendorEndpoints.vendors
    let list = arguments.value("--root-crl").map { VendorEndpoints.RootList.file($0) }
    return VendorEndpoints(
      intel: pcs ?? pccs ?? own.intel, rootList: list ?? (pccs == nil ? own.rootList : .cache),
      amd: arguments.value("--kds") ?? own.amd, nvidia: arguments.value("--rim") ?? own.nvidia,
      responder: arguments.value("--ocsp") ?? own.responder,
      update: arguments.flag("--early") ? .early : .standard)
  }

  static func client(_ endpoints: VendorEndpoints, _ arguments: Arguments) throws(Failure) -> VendorClient {
    var authority: [UInt8]?
    if let path = arguments.value("--trust-ca") {
      let bytes = try Console.readFile(path, limit: 1 << 20)
      guard CollateralArtefact.all(in: bytes).contains(where: \.isCertificate) else {
        throw Failure(.malformed, "\(path): holds no certificate in PEM")
      }
      authority = bytes
    }
    return VendorClient(endpoints, authority: authority, proxy: arguments.value("--proxy"))
  }

  /// The store of a verb that writes it.
  static func openStore(_ arguments: Arguments) throws(Failure) -> CollateralStore {
    let path = try arguments.required("--store")
    do throws(PlatformError) { return try CollateralStore(path: path) } catch {
      if case .system(.lockDirectory, errno: EWOULDBLOCK) = error {
        throw Failure(.unavailable, "\(path) is written by another process; stop it, or let it do this")
      }
      throw Failure(.usage, "cannot open the store \(path): \(error)")
    }
  }

  /// What a folder holds, proved as far as it can be at `now`.
  static func shelf(
    of folder: CollateralFolder, _ anchors: Anchors, at now: Timestamp
  ) throws(Failure) -> (shelf: CollateralShelf, taken: [CollateralShelf.Taken], ignored: [String]) {
    var ignored: [String] = []
    var shelf = CollateralShelf(anchors: anchors)
    do throws(PlatformError) {
      let taken = shelf.restore(try folder.records(ignored: &ignored), at: now)
      return (shelf, taken, ignored)
    } catch { throw Failure(.usage, "cannot read \(folder.path): \(error)") }
  }

  static func openFolder(_ path: String) throws(Failure) -> CollateralFolder {
    do throws(PlatformError) { return try CollateralFolder(path: path) } catch {
      throw Failure(.usage, "cannot read \(path): \(error)")
    }
  }
}

extension CollateralArtefact {
  fileprivate var isCertificate: Bool { if case .certificate = self { true } else { false } }
}

extension CollateralFault {
  /// How a verb ends that met it.
  var exit: ExitCode {
    switch self {
    case .unreachable, .serverFailed, .notFound, .rateLimited, .unexpectedStatus: .unavailable
    case .unreadable, .malformed: .malformed
    case .notWhatWasAsked: .invalid
    case .notProved(let refusal): refusal.code.kind.exit
    case .rollback: .stale
    case .digestMismatch: .integrity
    }
  }
}

extension ExitCode {
  /// What matters most of several: a forgery before damage, damage before what only time or patience mends.
  static func worst(_ codes: some Sequence<ExitCode>) -> ExitCode {
    let order: [ExitCode] = [.invalid, .integrity, .malformed, .refused, .stale, .unavailable]
    let found = Set(codes)
    return order.first { found.contains($0) } ?? (found.contains(.usage) ? .usage : .ok)
  }
}
