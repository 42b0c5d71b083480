/// Finds the known name a person most likely meant.
package enum Nearest {
  /// The candidate within two edits (one for names of up to four letters), if any.
  package static func name(to word: String, among candidates: some Sequence<String>) -> String? {
    let limit = word.count <= 4 ? 1 : 3
    let scored = candidates.map { (name: $0, distance: distance(word, $0)) }
    return scored.filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.name
  }

  /// Levenshtein's distance; inputs are names typed by a person, cut at 64 letters.
  static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.prefix(64).unicodeScalars)
    let b = Array(right.prefix(64).unicodeScalars)
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var diagonal = row[0]
      row[0] = i + 1
      for j in 0..<b.count {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
