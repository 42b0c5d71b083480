import Bytes
import Glibc
import Platform

/// A file of the state that a start needs.
package enum StateFile: Equatable, Sendable {
  case instance, rootKey, keyring, certificate, certificateKey, adminPins, approvers, logVkey, log

  /// What to do about a fault.
  func remedy(for fault: StateFault, at path: String) -> String {
    switch (fault, self) {
    case (.unreadable(errno: EACCES), _), (.unreadable(errno: EPERM), _): "start as the user that owns it"
    case (.unreadable, _): "mend the disk and start again"
    case (.notPrivate, _): "run chmod 600 \(path), and replace the key if a stranger may have read it"
    case (.foreignOwner, _): "run chown \(geteuid()) \(path), and replace the key if a stranger may have read it"
    case (_, .rootKey): "restore it from its backup, without it no stored key can be opened"
    case (_, .keyring): "restore it from a backup of this state"
    case (_, .certificate), (_, .certificateKey): "put a certificate chain and its key in place, both PEM"
    case (_, .adminPins): "write the SHA-256 of each administrator's public key into it, one a line, or restore it"
    case (_, .logVkey): "restore it from a backup of this state"
    case (_, .instance), (_, .approvers): "restore it from a backup of this state"
    case (_, .log): "restore it from the latest backup of this state"
    }
  }

  /// The error of this file.
  func fault(_ fault: StateFault, at path: String) -> StartError { .file(self, path: path, fault) }

  /// The whole file.
  func read(_ path: String, limitBytes: Int, isSecret: Bool = false) throws(StartError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(PlatformError) {
      bytes =
        isSecret
        ? try SmallFile.readPrivate(path, limitBytes: limitBytes) : try SmallFile.read(path, limitBytes: limitBytes)
    } catch { throw fault(StateFault(error), at: path) }
    guard !bytes.isEmpty else { throw fault(.empty, at: path) }
    return bytes
  }
}
