package import Bytes

/// What the fetcher found, and why the rest is missing: one line of JSON, behind which the connection is closed.
///
/// Shape: `{"artefacts":[{"body","fetchedAt","key","source"}],"missing":[{"code","key","retryAfterSeconds"?}],"v":1}`, 8
/// MiB at most. Unverified: what the bodies hold is for `Verification` to prove.
package struct FetcherAnswer: Sendable, Equatable {
  package static let limitBytes = 8 * 1024 * 1024

  package let artefacts: [CollateralRecord]
  package let missing: [MissingCollateral]

  package init(artefacts: [CollateralRecord], missing: [MissingCollateral]) {
    self.artefacts = artefacts
    self.missing = missing
  }

  /// Reads one line, its line feed left out or not.
  package init(parsing line: [UInt8]) throws(ParseError) {
    guard line.count <= Self.limitBytes else { throw ParseError("answer", .tooLong) }
    let text = line.last == 0x0A ? line.dropLast() : line[...]
    var reader = try JSONReader(try StrictJSON.parse(text, limits: StrictJSON.Limits(depth: 4, tokens: 4096)), "")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("v", .unexpected) }
    var artefacts: [CollateralRecord] = []
    for item in try reader.array("artefacts") { artefacts.append(try CollateralRecord(parsing: item)) }
    var missing: [MissingCollateral] = []
    for item in try reader.array("missing") { missing.append(try MissingCollateral(parsing: item)) }
    try reader.finish()
    let keys = artefacts.map(\.key) + missing.map(\.key)
    guard Set(keys).count == keys.count else { throw ParseError("key", .duplicate) }
    self.artefacts = artefacts
    self.missing = missing
  }

  /// The line, with its line feed.
  package var line: [UInt8] {
    CanonicalJSON.encode(
      .object([
        ("v", 1), ("artefacts", .array(artefacts.map(\.json))), ("missing", .array(missing.map(\.json))),
      ])) + [0x0A]
  }
}

/// An artefact that could not be had.
package struct MissingCollateral: Sendable, Equatable {
  package enum Code: String, Sendable, Hashable, CaseIterable {
    /// The vendor says that there is none.
    case notFound
    /// The vendor could not be reached in time, or its server is broken.
    case unavailable
    /// The vendor wants fewer questions, or our own budget for it is used up.
    case rateLimited
    /// The vendor's answer was something else than what was asked for, or older than what is known, or forged.
    case refused
    /// The vendor failed so often that it is left alone for a while.
    case circuitOpen
    /// The vendor said a short while ago that there is none.
    case negativeCached
  }

  package let key: CollateralKey
  package let code: Code
  /// When asking again may help.
  package let retryAfterSeconds: UInt32?

  package init(key: CollateralKey, code: Code, retryAfterSeconds: UInt32? = nil) {
    self.key = key
    self.code = code
    self.retryAfterSeconds = retryAfterSeconds
  }

  init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "missing")
    key = try CollateralKey(text: try reader.string("key"))
    guard let code = Code(rawValue: try reader.string("code")) else { throw ParseError("missing.code", .unexpected) }
    self.code = code
    retryAfterSeconds = try reader.optionalInteger("retryAfterSeconds")
    try reader.finish()
  }

  var json: JSONValue {
    var object = JSONObject([("key", .string(key.text)), ("code", .string(code.rawValue))])
    if let retryAfterSeconds { object["retryAfterSeconds"] = .int(retryAfterSeconds) }
    return .object(object)
  }
}
