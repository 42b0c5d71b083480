package import Bytes
package import Cryptography

/// What a broker asks the fetcher for: one line of JSON on a connection of its own.
///
/// Shape: `{"deadlineMs":8000,"issuers":["MII…"],"v":1,"want":["intel/tdx/tcb/…",…]}` and a line feed, 64 KiB at most;
/// `issuers` are left out where there are none. Unverified: whoever reaches the socket may ask.
package struct FetcherRequest: Sendable, Equatable {
  package static let limitBytes = 64 * 1024
  package static let keyLimit = 64
  package static let issuerLimit = 16
  package static let deadlineLimit = Duration.seconds(60)

  /// Each once, in the order of the request.
  package let want: [CollateralKey]
  /// By these what is asked about is followed to a root. At most `issuerLimit`.
  package let issuers: [Certificate]
  /// How long the asker waits.
  package let deadline: Duration

  /// - Precondition: at most `keyLimit` keys, and a deadline up to `deadlineLimit`; more is refused by the reader.
  package init(want: [CollateralKey], issuers: [Certificate] = [], deadline: Duration) {
    self.issuers = Array(issuers.prefix(Self.issuerLimit))
    var seen = Set<CollateralKey>()
    self.want = want.filter { seen.insert($0).inserted }
    self.deadline = deadline
  }

  /// Reads one line, its line feed left out or not.
  package init(parsing line: [UInt8]) throws(ParseError) {
    guard line.count <= Self.limitBytes else { throw ParseError("request", .tooLong) }
    let text = line.last == 0x0A ? line.dropLast() : line[...]
    var reader = try JSONReader(try StrictJSON.parse(text, limits: StrictJSON.Limits(depth: 3, tokens: 512)), "")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("v", .unexpected) }
    let milliseconds = try reader.integer("deadlineMs", as: Int64.self)
    guard (1...Self.deadlineLimit.milliseconds).contains(milliseconds) else {
      throw ParseError("deadlineMs", .outOfRange)
    }
    issuers = try Self.issuers(reader.optionalValue("issuers"))
    let texts = try reader.strings("want")
    try reader.finish()
    guard (1...Self.keyLimit).contains(texts.count) else { throw ParseError("want", .outOfRange) }
    var keys: [CollateralKey] = []
    for text in texts { keys.append(try CollateralKey(text: text)) }
    guard Set(keys).count == keys.count else { throw ParseError("want", .duplicate) }
    want = keys
    deadline = .milliseconds(milliseconds)
  }

  private static func issuers(_ value: JSONValue?) throws(ParseError) -> [Certificate] {
    guard let value else { return [] }
    guard let list = value.arrayValue, (1...issuerLimit).contains(list.count) else {
      throw ParseError("issuers", .outOfRange)
    }
    var issuers: [Certificate] = []
    for item in list {
      guard let text = item.stringValue,
        let certificate = try? Certificate(der: try Base64.decode(text, .standard, "issuers"))
      else { throw ParseError("issuers", .unexpected) }
      issuers.append(certificate)
    }
    return issuers
  }

  /// The line, with its line feed.
  package var line: [UInt8] {
    var object = JSONObject([
      ("v", 1), ("want", .strings(want.map(\.text))), ("deadlineMs", .int(deadline.milliseconds)),
    ])
    if !issuers.isEmpty { object["issuers"] = .strings(issuers.map { Base64.encode($0.der) }) }
    return CanonicalJSON.encode(.object(object)) + [0x0A]
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
