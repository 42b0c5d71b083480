/// A version made of numbers between dots, compared part by part: `550.90.07` in decimal, `96.00.9F.00.01` in hexadecimal.
struct DottedVersion: Equatable, Sendable {
  let parts: [UInt32]
  /// As it was written.
  let text: String

  /// - Returns: `nil` for anything else: no empty part, at most eight of them.
  init?(_ text: String, radix: Int) {
    let words = text.split(separator: ".", maxSplits: 8, omittingEmptySubsequences: false)
    let parts = words.compactMap { word in word.utf8.first == UInt8(ascii: "+") ? nil : UInt32(word, radix: radix) }
    guard parts.count == words.count, parts.count <= 8 else { return nil }
    self.parts = parts
    self.text = text
  }

  /// A part that is missing counts as zero.
  func isAtLeast(_ floor: DottedVersion) -> Bool {
    for index in 0..<max(parts.count, floor.parts.count) {
      let (mine, theirs) = (part(index), floor.part(index))
      if mine != theirs { return mine > theirs }
    }
    return true
  }

  private func part(_ index: Int) -> UInt32 { index < parts.count ? parts[index] : 0 }
}
