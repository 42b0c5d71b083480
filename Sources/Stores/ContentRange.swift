import Fetch

/// The part of an object that an answer says it is. Spec: RFC 9110, 14.4.
struct ContentRange: Equatable {
  let part: Range<Int>
  let total: Int

  /// `bytes FIRST-LAST/TOTAL`, with a known total.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
    let halves = words[1].split(separator: "/", omittingEmptySubsequences: false)
    let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count == 2, ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
      let total = Self.number(halves[1]), first <= last, last < total
    else { return nil }
    part = first..<last + 1
    self.total = total
  }

  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  /// The object's length, when the answer is the very part that was asked for.
  static func total(of answer: FetchResponse, wanted: Range<Int>, known: Int?) throws(StoreError) -> Int {
    let encoding = answer.header("content-encoding") ?? "identity"
    guard answer.status == 206, encoding == "identity", let text = answer.header("content-range"),
      let range = ContentRange(text), range.part == wanted, known == nil || known == range.total
    else { throw .otherRange }
    return range.total
  }
}
