/// Why the machine did not do what was asked.
package enum PlatformError: Error, Equatable, Sendable {
  /// A system call failed: which step of ours, and the kernel's number.
  case system(Step, errno: Int32)
  /// A wall of a sealed room cannot be built here: which one, and the kernel's number.
  case wall(SealedRoom.Wall, errno: Int32)
  /// The directory is not on a memory file system.
  case notTmpfs
  /// The machine can page memory out to a disk.
  case swapIsOn
  /// The volume has `free` bytes where `needed` are wanted.
  case notEnoughMemory(needed: Int, free: Int)
  /// A name that must be new exists.
  case alreadyExists(Step)
  /// Another process that lives has the directory.
  case inUse
  /// A file ended before the bytes asked for.
  case endsTooEarly
  /// A file is larger than the caller permits.
  case tooLong(limitBytes: Int)
  /// A secret's file gives its group or others rights: its permission bits.
  case notPrivate(mode: UInt32)
  /// A secret's file belongs to neither this user nor root.
  case foreignOwner(uid: UInt32)
  /// No guest device of this kind, or one of another vendor than expected.
  case noGuestDevice
  /// Somebody else wrote to the report directory between our write and our read, time after time.
  case reportRaced
  /// The guest device gave a report of an impossible shape.
  case malformedReport
  /// NVIDIA's management library is not on this machine.
  case noGPULibrary
  /// What that library answered; below zero a number of the kernel's.
  case gpuLibrary(Int32)
  /// A GPU that cannot attest, or is not known to.
  case gpuUnsupported(architecture: UInt32)

  package enum Step: String, Sendable {
    case openDirectory, openFile, createFile, createDirectory, readFile, writeFile, resizeFile, changeMode, publish
    case removeFile, listDirectory, describeVolume, readSwaps, harden, startProcess, watchProcess, readSignals
    case createReport, writeReport, readReport, removeReport, startThread, lockDirectory, synchronize, socket
    case mapFile, mountVolume
  }

  package var code: String {
    switch self {
    case .system: "systemCallFailed"
    case .wall: "wallMissing"
    case .notTmpfs: "destinationNotTmpfs"
    case .swapIsOn: "swapIsOn"
    case .notEnoughMemory: "notEnoughMemory"
    case .alreadyExists: "alreadyExists"
    case .inUse: "destinationInUse"
    case .endsTooEarly: "fileEndsTooEarly"
    case .tooLong: "fileTooLong"
    case .notPrivate: "fileNotPrivate"
    case .foreignOwner: "fileOfAnotherUser"
    case .noGuestDevice: "noGuestDevice"
    case .reportRaced: "reportRaced"
    case .malformedReport: "malformedReport"
    case .noGPULibrary: "noGPULibrary"
    case .gpuLibrary: "gpuLibraryFailed"
    case .gpuUnsupported: "gpuUnsupported"
    }
  }
}

extension PlatformError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let step, let number): "\(step.rawValue): \(SystemMessage.of(number))"
    case .wall(let wall, let number): "the wall \(wall.rawValue) cannot be built: \(SystemMessage.of(number))"
    case .notTmpfs: "the directory is not on tmpfs"
    case .swapIsOn: "swap is on, so memory may reach a disk"
    case .notEnoughMemory(let needed, let free): "\(needed) bytes needed, \(free) free"
    case .alreadyExists(let step): "\(step.rawValue): the name is taken"
    case .inUse: "another agent, which is running, uses this name"
    case .endsTooEarly: "the file ends too early"
    case .tooLong(let limit): "the file is larger than \(limit) bytes"
    case .notPrivate(let mode): "others may use the file (mode \(String(mode, radix: 8)))"
    case .foreignOwner(let uid): "the file belongs to user \(uid)"
    case .noGuestDevice: "no confidential-guest device of the expected kind"
    case .reportRaced: "another process uses the report directory"
    case .malformedReport: "the guest device gave a malformed report"
    case .noGPULibrary: "libnvidia-ml.so.1 is not on this machine"
    case .gpuLibrary(let number): "NVIDIA's management library says \(number)"
    case .gpuUnsupported(let number): "no evidence is known of GPUs of architecture \(number)"
    }
  }
}
