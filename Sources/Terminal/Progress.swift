import Glibc

/// Progress of a long piece of work on standard error: a bar with rate and time left on a terminal, one JSON line per
/// 5 % otherwise. Work that ends within a second shows nothing.
package struct Progress {
  private let what: String
  private let total: Int
  private let start = ContinuousClock.now
  private var lastShare = 0
  private var lastShown = ContinuousClock.now
  private var shown = false
  private let isQuiet: Bool

  package init(_ what: String, totalBytes: Int, quiet: Bool) {
    self.what = what
    total = totalBytes
    isQuiet = quiet
  }

  package mutating func update(_ done: Int) {
    guard !isQuiet, total > 0, ContinuousClock.now - start > .seconds(1) else { return }
    let share = Int(Int64(done) * 100 / Int64(total))
    if Console.isErrorTerminal {
      guard ContinuousClock.now - lastShown > .milliseconds(100) else { return }
      lastShown = .now
      shown = true
      bar(share, done)
    } else if share / 5 > lastShare / 5 {
      lastShare = share
      Console.note("{\"stage\":\"\(what)\",\"percent\":\(share),\"bytes\":\(done)}")
    }
  }

  package func finish() {
    guard shown else { return }
    _ = unsafe write(2, "\r\u{1B}[K", 4)
  }

  private func bar(_ share: Int, _ done: Int) {
    let elapsed = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
    let rate = Double(done) / max(elapsed, 0.001)
    let left = Int(Double(total - done) / max(rate, 1))
    let full = share * 30 / 100
    let marks = String(repeating: "#", count: full) + String(repeating: ".", count: 30 - full)
    let text = "\r\(what) [\(marks)] \(share)% \(Int(rate / 1_000_000)) MB/s \(left) s left\u{1B}[K"
    _ = unsafe write(2, text, text.utf8.count)
  }
}
