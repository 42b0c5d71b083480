import Bytes

/// A date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. Spec: RFC 9110 §5.6.7, the form that senders must use.
enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  static func parse(_ text: String) -> Timestamp? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[0].utf8.count == 4, words[5] == "GMT",
      let month = months.firstIndex(of: String(words[2])),
      let day = number(words[1], digits: 2), let year = number(words[3], digits: 4)
    else { return nil }
    let time = words[4].split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2) }
    guard time.count == 3, let hour = time[0], let minute = time[1], let second = time[2] else { return nil }
    return Timestamp(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
  }

  private static func number(_ word: Substring, digits: Int) -> Int? {
    word.utf8.count == digits && word.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(word) : nil
  }
}
