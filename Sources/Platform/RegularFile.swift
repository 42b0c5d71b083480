import Glibc

/// An open regular file, read and written at positions.
package struct RegularFile: Sendable {
  let descriptor: FileDescriptor
  package let byteCount: Int
  private let hugePages: HugePages?

  init(_ descriptor: FileDescriptor) throws(PlatformError) {
    self.descriptor = descriptor
    byteCount = try descriptor.size()
    hugePages = nil
  }

  /// - Throws: `.system(.openFile, EINVAL)` for what is no regular file.
  package init(reading path: String) throws(PlatformError) {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw .system(.openFile, errno: errno) }
    try self.init(FileDescriptor(number))
  }

  /// Makes the file `byteCount` long; on tmpfs the memory is taken when it is written.
  init(_ descriptor: FileDescriptor, byteCount: Int) throws(PlatformError) {
    guard ftruncate(descriptor.number, off_t(byteCount)) == 0 else { throw .system(.resizeFile, errno: errno) }
    self.descriptor = descriptor
    self.byteCount = byteCount
    hugePages = try HugePages(descriptor, byteCount: byteCount)
  }

  /// A part of a file that was made just now as memory, where it can have huge pages: there it is filled fastest in place,
  /// and everywhere else by writing. `nil` says so.
  package func mapped(_ range: Range<Int>) throws(PlatformError) -> MappedRange? { try hugePages?.mapped(range) }

  /// - Throws: `.endsTooEarly` when the file has fewer bytes there.
  package func read(at offset: Int, into buffer: inout MutableRawSpan) throws(PlatformError) {
    try descriptor.read(at: offset, into: &buffer)
  }

  package func write(_ bytes: RawSpan, at offset: Int) throws(PlatformError) {
    try descriptor.write(bytes, at: offset)
  }

  package func synchronize() throws(PlatformError) {
    guard fsync(descriptor.number) == 0 else { throw .system(.writeFile, errno: errno) }
  }
}
