import Glibc
import Platform
package import TransparencyLog

/// Why a state cannot be served: which file, what is wrong with it, what to do.
package enum StartError: Error, Equatable, Sendable {
  case notInitialised, inUse
  case file(StateFile, path: String, StateFault)
  case approversChanged(file: String)
  case logDamaged(LogDamage, folder: String)
  /// The disk under the log refused a call.
  case logUnwritable(reason: String, folder: String)
  case blobDamaged(path: String, StateFault)
  case registryDamaged(folder: String)
  case anchorsMalformed(file: String)
  case anchorsUnreadable(file: String)
  case collateralUnreadable(folder: String)
  case collateralMemoryDamaged(file: String)
  case cannotListen(address: String, errno: Int32)
  case witnessPolicy(file: String, why: String)
  case witnessExchange(folder: String)
  case witnessCheckpoint(file: String)
  /// By their names in the policy: not enough of the others answered to know what was signed.
  case witnessesSilent([String])

  /// What kind of trouble it is; programs end with a status of their own for each.
  package enum Kind: Sendable { case usage, unavailable, integrity }

  package var kind: Kind {
    switch self {
    case .approversChanged, .logDamaged, .registryDamaged, .collateralMemoryDamaged: .integrity
    case .file(_, _, let fault), .blobDamaged(_, let fault): fault.isOfDisk ? .unavailable : .integrity
    case .logUnwritable, .witnessesSilent: .unavailable
    default: .usage
    }
  }

  package var sentence: String {
    switch self {
    case .notInitialised: "the folder holds no broker's state; make one with vouchsafe-broker init --state DIR"
    case .inUse: "another broker is running on this state"
    case .file(let file, let path, let fault): "\(path) \(fault.words); \(file.remedy(for: fault, at: path))"
    case .approversChanged(let file):
      "\(file) is not the approvers' file that this log began with; put back the one that init made"
    case .logDamaged(let damage, let folder): "the decision log in \(folder) is damaged (\(damage.code)): \(damage)"
    case .logUnwritable(let reason, let folder):
      "cannot write in \(folder) (\(reason)); mend or free the disk and start again"
    case .blobDamaged(let path, let fault):
      "\(path), which the decision log names, \(fault.words); restore it from the latest backup of this state"
    case .registryDamaged(let folder):
      "the registry cannot be rebuilt from the entries under \(folder)/tile/entries; "
        + "look at them with vouchsafe audit verify and restore the latest backup of this state"
    case .anchorsUnreadable(let file): "cannot read the anchors file \(file)"
    case .anchorsMalformed(let file): "not an anchors file: \(file)"
    case .collateralUnreadable(let folder): "cannot read the folder \(folder)"
    case .collateralMemoryDamaged(let file):
      "\(file), which says how new the newest collateral was, cannot be read; restore it, or remove it once the newest "
        + "collateral is in a folder of the configuration"
    case .cannotListen(let address, let number): "cannot listen on \(address): \(SystemMessage.of(number))"
    case .witnessPolicy(let file, let why): "the witnesses' policy \(file) cannot be used: \(why)"
    case .witnessExchange(let folder): "cannot use the folder \(folder) that the witnesses' relay shares"
    case .witnessCheckpoint(let file): "\(file) is not a checkpoint that this log signed"
    case .witnessesSilent(let names):
      "no answer of the witnesses \(names.joined(separator: ", ")): whether they have seen more of this log is unknown; "
        + "run vouchsafe audit relay beside the broker"
    }
  }
}

/// What is wrong with one file of the state.
package enum StateFault: Equatable, Sendable {
  case missing, empty
  case unreadable(errno: Int32)
  case tooLong(limitBytes: Int)
  /// Words of ours that go on after the file's name.
  case malformed(String)
  case notPrivate(mode: UInt32)
  case foreignOwner(uid: UInt32)

  init(_ error: PlatformError) {
    switch error {
    case .system(_, errno: ENOENT), .system(_, errno: ENOTDIR): self = .missing
    case .system(_, let number): self = .unreadable(errno: number)
    case .tooLong(let limit): self = .tooLong(limitBytes: limit)
    case .notPrivate(let mode): self = .notPrivate(mode: mode)
    case .foreignOwner(let uid): self = .foreignOwner(uid: uid)
    default: self = .malformed("cannot be read (\(error.code))")
    }
  }

  /// Whether the system, not the file's content, stands in the way.
  var isOfDisk: Bool { if case .unreadable = self { true } else { false } }

  var words: String {
    switch self {
    case .missing: "is missing"
    case .empty: "is empty"
    case .unreadable(let number): "cannot be read: \(SystemMessage.of(number))"
    case .tooLong(let limit): "is longer than \(limit) bytes"
    case .malformed(let words): words
    case .notPrivate(let mode): "may be used by others (mode \(String(mode, radix: 8)))"
    case .foreignOwner(let uid): "belongs to user \(uid), who may know it"
    }
  }
}
