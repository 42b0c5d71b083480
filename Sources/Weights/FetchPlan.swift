/// All segments of a model in runs, each segment exactly once, in the order they are fetched. Pure: tested without a
/// network. What is missing after a transfer broke is a part of one run.
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

  /// Segments of one file that follow each other: what one thread reads, and maps, in one go.
  package struct Run: Equatable, Sendable {
    package let file: Int
    package let segments: Range<Int>
    /// Where they lie in the blob, tags included.
    package let ciphertext: Range<Int>
    /// Where they belong in the file.
    package let plaintext: Range<Int>
  }

  /// The longest run: 16 MiB, far more than opening a connection or a mapping costs.
  package static let longestRun = 16

  private let layouts: [StreamLayout]
  private let runLength: Int
  /// Number of the first run of each file, and the count of all at the end.
  private let starts: [Int]

  /// - Parameter width: how many threads share the work; a small model is cut so that each has several runs.
  package init(_ manifest: Manifest, width: Int) {
    let layouts = manifest.files.map(\.layout)
    let segments = layouts.reduce(0) { $0 + $1.segmentCount }
    self.init(layouts, runLength: segments / (4 * max(1, width)))
  }

  init(_ layouts: [StreamLayout], runLength wanted: Int) {
    let length = min(max(1, wanted), Self.longestRun)
    self.layouts = layouts
    runLength = length
    starts = layouts.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1.segmentCount + length - 1) / length) }
  }

  /// How many runs there are.
  package var count: Int { starts[starts.count - 1] }

  /// - Precondition: 0 ≤ `number` < `count`.
  package subscript(_ number: Int) -> Run {
    precondition((0..<count).contains(number), "the caller counts up to `count`")
    var low = 0
    var high = layouts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= number { low = middle } else { high = middle }
    }
    let first = (number - starts[low]) * runLength
    return run(first..<min(first + runLength, layouts[low].segmentCount), of: low)
  }

  /// All of one file, in order.
  package func runs(of file: Int) -> Range<Int> { starts[file]..<starts[file + 1] }

  private func run(_ segments: Range<Int>, of file: Int) -> Run {
    let layout = layouts[file]
    let (first, last) = (segments.lowerBound, segments.upperBound - 1)
    return Run(
      file: file, segments: segments,
      ciphertext: layout.ciphertext(of: first).lowerBound..<layout.ciphertext(of: last).upperBound,
      plaintext: layout.plaintext(of: first).lowerBound..<layout.plaintext(of: last).upperBound)
  }

  package func segment(_ index: Int, of file: Int) -> Segment {
    Segment(
      file: file, index: index, ciphertext: layouts[file].ciphertext(of: index),
      plaintext: layouts[file].plaintext(of: index))
  }

  /// The segments of one file.
  package func segments(of file: Int) -> Range<Int> { 0..<layouts[file].segmentCount }
}
