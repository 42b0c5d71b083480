/// The places on disk that memory may be paged out to.
package enum SwapAreas {
  /// - Parameter path: the kernel's table; a parameter so that it can be tested.
  /// - Throws: `.swapIsOn` when there is any, and `.system` when the table cannot be read: unknown is not "none".
  package static func requireNone(listedIn path: String = "/proc/swaps") throws(PlatformError) {
    let text = try SmallFile.read(path, limitBytes: 1 << 16, step: .readSwaps)
    let lines = text.split(separator: UInt8(ascii: "\n"))
    guard lines.count <= 1 else { throw .swapIsOn }
  }
}
