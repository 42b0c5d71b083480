/// A moment in UTC, in whole milliseconds since 1970-01-01. Never read from a clock in a pure module: it comes in as an
/// argument.
package struct Timestamp: Comparable, Hashable, Sendable {
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package init(seconds: Int64) { milliseconds = seconds.multipliedReportingOverflow(by: 1000).partialValue }

  /// Whole seconds, rounded down.
  package var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : -((999 - milliseconds) / 1000) }

  package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

  package func adding(_ duration: Duration) -> Timestamp {
    let parts = duration.components
    let delta = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
    return Timestamp(milliseconds: milliseconds.addingReportingOverflow(delta).partialValue)
  }

  /// Time from `earlier` to here; negative when it lies ahead.
  package func duration(since earlier: Timestamp) -> Duration {
    .milliseconds(milliseconds.subtractingReportingOverflow(earlier.milliseconds).partialValue)
  }
}

extension Timestamp: ExpressibleByIntegerLiteral {
  package init(integerLiteral seconds: Int64) { self.init(seconds: seconds) }
}

extension Timestamp {
  /// The civil date and time of UTC. Spec: proleptic Gregorian calendar, no leap seconds (POSIX).
  package init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int = 0) {
    guard (0...9999).contains(year), (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
      (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
    else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let dayNumber = era * 146_097 + dayOfEra - 719_468
    let secondsOfDay = hour * 3600 + minute * 60 + second
    milliseconds = (Int64(dayNumber) * 86_400 + Int64(secondsOfDay)) * 1000 + Int64(millisecond)
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private var civil: (year: Int, month: Int, day: Int, secondOfDay: Int, millisecond: Int) {
    let wholeSeconds = seconds
    let dayNumber = Int(wholeSeconds >= 0 ? wholeSeconds / 86_400 : -((86_399 - wholeSeconds) / 86_400))
    let shifted = dayNumber + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (
      year, month, day, Int(wholeSeconds - Int64(dayNumber) * 86_400), Int(milliseconds - wholeSeconds * 1000)
    )
  }

  /// RFC 3339 in UTC with `Z`; milliseconds only when there are any.
  package var rfc3339: String { milliseconds % 1000 == 0 ? text(fraction: false) : text(fraction: true) }

  /// RFC 3339 in UTC with exactly three digits of fraction: the form of log leaves.
  package var rfc3339Milliseconds: String { text(fraction: true) }

  private func text(fraction: Bool) -> String {
    let parts = civil
    func digits(_ value: Int, _ width: Int) -> String {
      let plain = String(value)
      return String(repeating: "0", count: max(0, width - plain.count)) + plain
    }
    let date = "\(digits(parts.year, 4))-\(digits(parts.month, 2))-\(digits(parts.day, 2))"
    let hour = digits(parts.secondOfDay / 3600, 2)
    let minute = digits(parts.secondOfDay / 60 % 60, 2)
    let second = digits(parts.secondOfDay % 60, 2)
    return "\(date)T\(hour):\(minute):\(second)\(fraction ? "." + digits(parts.millisecond, 3) : "")Z"
  }

  /// Reads RFC 3339: `T` and `Z` in capitals or an offset `±hh:mm`; up to nine digits of fraction, cut to milliseconds.
  package init(rfc3339 text: String, _ field: StaticString = "time") throws(ParseError) {
    try self.init(rfc3339: Array(text.utf8)[...], field)
  }

  package init(rfc3339 text: ArraySlice<UInt8>, _ field: StaticString = "time") throws(ParseError) {
    var cursor = ByteCursor(text)
    let year = try Self.number(4, &cursor, field)
    try Self.expect("-", &cursor, field)
    let month = try Self.number(2, &cursor, field)
    try Self.expect("-", &cursor, field)
    let day = try Self.number(2, &cursor, field)
    try Self.expect("T", &cursor, field)
    let hour = try Self.number(2, &cursor, field)
    try Self.expect(":", &cursor, field)
    let minute = try Self.number(2, &cursor, field)
    try Self.expect(":", &cursor, field)
    let second = try Self.number(2, &cursor, field)
    let (millisecond, zone) = try Self.fraction(&cursor, field)
    let offsetMinutes = try Self.zone(zone, &cursor, field)
    try cursor.finish(field)
    guard
      let local = Timestamp(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)
    else { throw ParseError(field, .outOfRange) }
    self.init(milliseconds: local.milliseconds - Int64(offsetMinutes) * 60_000)
    guard (0...9999).contains(civil.year) else { throw ParseError(field, .outOfRange) }
  }

  private static func number(
    _ count: Int, _ cursor: inout ByteCursor, _ field: StaticString
  ) throws(ParseError) -> Int {
    var value = 0
    for digit in try cursor.bytes(count, field) {
      guard (0x30...0x39).contains(digit) else { throw ParseError(field, .unexpected, at: cursor.offset) }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }

  private static func expect(
    _ character: Unicode.Scalar, _ cursor: inout ByteCursor, _ field: StaticString
  ) throws(ParseError) {
    guard try cursor.byte(field) == UInt8(ascii: character) else {
      throw ParseError(field, .unexpected, at: cursor.offset - 1)
    }
  }

  private static func fraction(
    _ cursor: inout ByteCursor, _ field: StaticString
  ) throws(ParseError) -> (milliseconds: Int, zone: UInt8) {
    var next = try cursor.byte(field)
    guard next == UInt8(ascii: ".") else { return (0, next) }
    var digits: [Int] = []
    next = try cursor.byte(field)
    while (0x30...0x39).contains(next) {
      digits.append(Int(next - 0x30))
      next = try cursor.byte(field)
    }
    guard (1...9).contains(digits.count) else { throw ParseError(field, .outOfRange, at: cursor.offset) }
    let padded = digits.prefix(3) + Array(repeating: 0, count: max(0, 3 - digits.count))
    return (padded.reduce(0) { $0 * 10 + $1 }, next)
  }

  private static func zone(
    _ first: UInt8, _ cursor: inout ByteCursor, _ field: StaticString
  ) throws(ParseError) -> Int {
    if first == UInt8(ascii: "Z") { return 0 }
    guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-") else {
      throw ParseError(field, .unexpected, at: cursor.offset - 1)
    }
    let hours = try number(2, &cursor, field)
    try expect(":", &cursor, field)
    let minutes = try number(2, &cursor, field)
    guard hours <= 23, minutes <= 59 else { throw ParseError(field, .outOfRange, at: cursor.offset) }
    return (first == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
  }
}
