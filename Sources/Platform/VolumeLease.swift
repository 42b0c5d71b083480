import CPlatform
import Glibc

/// Who uses a name in a directory of plaintext: a file beside it that says what was made there, locked while its maker lives.
///
/// A kill leaves plaintext, the file, and no lock. Whoever finds them so removes what the file names and nothing else: the
/// hidden directory by its random name, the published one by its inode, which a rename keeps. Shape of the file: one line,
/// `vouchsafe volume 1 TOKEN INODE`.
final class VolumeLease: Sendable {
  /// What was made: 0 stands for a directory that is not made yet.
  struct Record: Equatable {
    let token: String
    let inode: UInt64
  }

  private static let ending = ".lease"
  private static let heading = "vouchsafe volume 1"
  private static let limitBytes = 256

  let name: String
  private let parent: FileTree
  private let file: FileDescriptor
  private var fileName: String { ".\(name)\(Self.ending)" }

  private init(_ name: String, _ parent: FileTree, _ file: FileDescriptor) {
    self.name = name
    self.parent = parent
    self.file = file
  }

  /// Takes the name for this process, and removes what a dead one left there.
  /// - Throws: `.inUse` while another process holds it, `.alreadyExists` when the file is not one of ours.
  static func take(_ name: String, in parent: FileTree) throws(PlatformError) -> VolumeLease {
    // Again when its last holder removed the file between our opening and our locking.
    for _ in 0..<16 {
      if let lease = try open(name, parent, O_CREAT), lease.isHeld {
        if let record = try lease.recorded() { try lease.remove(record) }
        return lease
      }
    }
    throw .inUse
  }

  /// Removes what dead agents left in `parent` under any name. What is in use, or nobody's, stays.
  static func sweep(_ parent: FileTree) throws(PlatformError) {
    let names = ((try? parent.entries()) ?? []).filter { $0.kind == .file }.map(\.name)
    for name in names where name.hasPrefix(".") && name.hasSuffix(ending) && name.utf8.count > ending.utf8.count + 1 {
      guard let lease = try? open(String(name.dropFirst().dropLast(ending.count)), parent, 0), lease.isHeld,
        let record = try? lease.recorded()
      else { continue }
      try lease.remove(record)
      try lease.release()
    }
  }

  /// `nil` when another process was faster.
  private static func open(_ name: String, _ parent: FileTree, _ flags: Int32) throws(PlatformError) -> VolumeLease? {
    let number = unsafe cplatform_open_beneath(
      parent.descriptor.number, ".\(name)\(ending)", O_RDWR | O_NONBLOCK | flags, flags == 0 ? 0 : 0o600)
    guard number >= 0 else { throw .system(.lockDirectory, errno: -number) }
    let lease = VolumeLease(name, parent, FileDescriptor(number))
    guard lease.isOwn else { throw .alreadyExists(.lockDirectory) }
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? .inUse : .system(.lockDirectory, errno: errno)
    }
    return lease
  }

  /// A file of this user that nobody else may write, and that has no other name.
  private var isOwn: Bool {
    var status = stat()
    return unsafe fstat(file.number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && status.st_uid == geteuid() && status.st_mode & 0o077 == 0 && status.st_nlink <= 1
  }

  /// Whether the locked file is still the one that has the name: once it was released, another may hold it.
  var isHeld: Bool {
    var status = stat()
    guard unsafe fstat(file.number, &status) == 0 else { return false }
    return parent.identity(of: fileName)?.inode == UInt64(status.st_ino)
  }

  /// Says what is about to be made, or was, before a byte of plaintext is.
  func record(_ record: Record) throws(PlatformError) {
    let line = "\(Self.heading) \(record.token) \(record.inode)\n"
    let bytes = Array(line.utf8) + [UInt8](repeating: 0x20, count: max(0, Self.limitBytes - line.utf8.count))
    try file.write(unsafe bytes.span.bytes, at: 0)
  }

  /// - Throws: `.alreadyExists` for a file that no agent wrote.
  private func recorded() throws(PlatformError) -> Record? {
    let size = try file.size()
    guard size > 0 else { return nil }
    guard size <= Self.limitBytes else { throw .alreadyExists(.lockDirectory) }
    var bytes = [UInt8](repeating: 0, count: size)
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    try file.read(at: 0, into: &span)
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 5, words[..<3].joined(separator: " ") == Self.heading, let inode = UInt64(words[4]),
      words[3].utf8.allSatisfy(Self.isTokenCharacter)
    else { throw .alreadyExists(.lockDirectory) }
    return Record(token: String(words[3]), inode: inode)
  }

  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }

  /// Removes what the record names, where that is a directory of this user.
  func remove(_ record: Record) throws(PlatformError) {
    for candidate in [hiddenName(record.token), name] {
      guard let found = parent.identity(of: candidate), found.isOwnDirectory,
        candidate != name || found.inode == record.inode
      else { continue }
      try parent.remove(candidate)
    }
  }

  func hiddenName(_ token: String) -> String { ".\(name).\(token)" }

  /// Removes the file while it is locked: the name is free.
  func release() throws(PlatformError) {
    guard isHeld else { return }
    guard unsafe unlinkat(parent.descriptor.number, fileName, 0) == 0 else { throw .system(.removeFile, errno: errno) }
  }
}

extension FileTree {
  /// What a name in this directory stands for, no link followed; `nil` when there is nothing.
  func identity(of name: String) -> (inode: UInt64, isOwnDirectory: Bool)? {
    var status = stat()
    guard unsafe fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return (UInt64(status.st_ino), status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid())
  }
}
