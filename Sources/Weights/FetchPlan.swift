/// All segments of a model in one numbering, each exactly once, in the order they are fetched. Pure: tested without a
/// network, and what is missing after an interruption is a set of these numbers.
package struct FetchPlan: Equatable, Sendable {
  package struct Segment: Equatable, Sendable {
    /// Index of the file in the manifest.
    package let file: Int
    package let index: Int
    /// Where it lies in the blob, tag included.
    package let ciphertext: Range<Int>
    /// Where it belongs in the file.
    package let plaintext: Range<Int>
  }

  private let layouts: [StreamLayout]
  /// Number of the first segment of each file, and the count of all at the end.
  private let starts: [Int]

  package init(_ manifest: Manifest) { self.init(manifest.files.map(\.layout)) }

  init(_ layouts: [StreamLayout]) {
    self.layouts = layouts
    starts = layouts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.segmentCount) }
  }

  package var count: Int { starts[starts.count - 1] }

  /// - Precondition: 0 ≤ `number` < `count`.
  package subscript(_ number: Int) -> Segment {
    precondition((0..<count).contains(number), "the caller counts up to `count`")
    var low = 0
    var high = layouts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= number { low = middle } else { high = middle }
    }
    return segment(number - starts[low], of: low)
  }

  package func segment(_ index: Int, of file: Int) -> Segment {
    Segment(
      file: file, index: index, ciphertext: layouts[file].ciphertext(of: index),
      plaintext: layouts[file].plaintext(of: index))
  }

  /// The segments of one file.
  package func segments(of file: Int) -> Range<Int> { 0..<layouts[file].segmentCount }
}
