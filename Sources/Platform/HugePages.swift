/// How a new file in a memory file system gets huge pages, which are filled at twice the speed of small ones.
final class HugePages: Sendable {
  /// A kernel that keeps refusing is not asked for ever.
  static let patience = 4

  private let descriptor: FileDescriptor
  private let byteCount: Int
  private let areGiven: Bool
  private let refusals = Monitor(0)

  /// `nil` for a file that cannot have any.
  init?(_ descriptor: FileDescriptor, byteCount: Int) throws(PlatformError) {
    guard byteCount >= MappedRange.hugePage, try descriptor.isInMemory() else { return nil }
    self.descriptor = descriptor
    self.byteCount = byteCount
    areGiven = try descriptor.blockSize() >= MappedRange.hugePage
  }

  /// A part of the file as memory: in the pages that its file system gives, or, where those are small as in an `emptyDir`
  /// of medium `Memory`, in huge ones that the kernel is asked for. `nil` where there are none to be had.
  func mapped(_ range: Range<Int>) throws(PlatformError) -> MappedRange? {
    if areGiven { return try MappedRange(descriptor, range) }
    guard range.lowerBound < byteCount & ~(MappedRange.hugePage - 1) else { return nil }
    return refusals.withLock { refusals in
      guard refusals < Self.patience else { return nil }
      let mapped = try? MappedRange(collapsing: descriptor, byteCount: byteCount, range)
      refusals = mapped == nil ? refusals + 1 : 0
      return mapped
    }
  }
}
