import Bytes
import TestSupport
import Testing

struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1_788_170_400, "2026-08-31T10:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"),
      (951_782_400, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (-62_167_219_200, "0000-01-01T00:00:00Z"),
      (253_402_300_799, "9999-12-31T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] as [(Int64, String)])
  func secondsAndTextAgree(_ seconds: Int64, _ text: String) throws {
    #expect(Timestamp(seconds: seconds).rfc3339 == text)
    #expect(try Timestamp(rfc3339: text) == Timestamp(seconds: seconds))
  }

  @Test func fractionsAreKeptToTheMillisecond() throws {
    let time = Timestamp(milliseconds: 1_788_170_400_123)
    #expect(time.rfc3339 == "2026-08-31T10:00:00.123Z")
    #expect(try Timestamp(rfc3339: "2026-08-31T10:00:00.123Z") == time)
    #expect(try Timestamp(rfc3339: "2026-08-31T10:00:00.1239Z") == time)
    #expect(try Timestamp(rfc3339: "2026-08-31T10:00:00.5Z").milliseconds % 1000 == 500)
    #expect(Timestamp(seconds: 0).rfc3339Milliseconds == "1970-01-01T00:00:00.000Z")
    #expect(Timestamp(milliseconds: -1).rfc3339 == "1969-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: -1).seconds == -1)
  }

  @Test func offsetsAreTurnedIntoUTC() throws {
    #expect(try Timestamp(rfc3339: "2026-08-31T12:00:00+02:00") == Timestamp(seconds: 1_788_170_400))
    #expect(try Timestamp(rfc3339: "2026-08-31T04:30:00-05:30") == Timestamp(seconds: 1_788_170_400))
  }

  @Test(arguments: [
    "", "2026-08-31", "2026-08-31T10:00:00", "2026-08-31t10:00:00Z", "2026-08-31T10:00:00z", "2026-8-31T10:00:00Z",
    "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00ZZ",
    "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0200",
    "+026-01-01T00:00:00Z", "2026-01-01 00:00:00Z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
  ])
  func anythingElseIsRefused(_ text: String) {
    #expect(throws: ParseError.self) { try Timestamp(rfc3339: text) }
  }

  @Test func everyDayOfFourCenturiesRoundTrips() throws {
    var random = SeededGenerator(seed: 4)
    for day in stride(from: Int64(-146_097), through: 146_097, by: 7) {
      let time = Timestamp(milliseconds: day * 86_400_000 + Int64.random(in: 0..<86_400_000, using: &random))
      #expect(try Timestamp(rfc3339: time.rfc3339Milliseconds) == time)
      #expect(try Timestamp(rfc3339: time.rfc3339) == time)
    }
  }

  @Test func timeIsOrderedAndAdded() {
    #expect(Timestamp(seconds: 1) < Timestamp(seconds: 2))
    #expect(Timestamp(seconds: 1).adding(.milliseconds(1500)) == Timestamp(milliseconds: 2500))
    #expect(Timestamp(seconds: 1).adding(.seconds(-2)) == Timestamp(seconds: -1))
    #expect(Timestamp(seconds: 5).duration(since: Timestamp(seconds: 2)) == .seconds(3))
    #expect(Timestamp(seconds: 2).duration(since: Timestamp(seconds: 5)) == .seconds(-3))
    let literal: Timestamp = 7
    #expect(literal == Timestamp(seconds: 7))
  }
}
