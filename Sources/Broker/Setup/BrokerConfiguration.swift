package import Bytes

/// What `vouchsafe-broker serve` may be told: one JSON file, comments allowed, an unknown member is an error.
///
/// Nothing here weakens a check. Paths are relative to the configuration file.
package struct BrokerConfiguration: Sendable {
  package var listen = Address(host: "127.0.0.1", port: 8443)
  package var adminListen = Address(host: "127.0.0.1", port: 8444)
  /// Extra names a client may put into `Host`, beside the listener's address and the certificate's names.
  package var serverNames: [String] = []
  /// Files of extra trust anchors. Evidence they vouch for is marked simulated everywhere.
  package var anchors: [String] = []
  /// Folders with endorsements (intermediates, platform certificates, revocation lists), recognised by content.
  package var collateral: [String] = []
  /// The Unix socket of the fetching process (`vouchsafe collateral serve`); without it the folders are all there is.
  package var collateralFetcher: String?
  package var tokenLifetime = Duration.seconds(300)
  /// The largest body of an attestation; evidence of one machine with its event log is some hundred KiB.
  package var attestBytes = 2 << 20
  /// Handshakes a second that one address may begin, and as many that it may answer; and how many at once after a pause.
  package var attestRate = 5
  package var attestBurst = 20
  /// Proxies whose `X-Forwarded-For` says whose request it is; all who come through another one are one address.
  package var trustedProxies: [AddressRange] = []
  package var maximumSessions = 65_536
  package var connectionsPerAddress = 64
  /// How long a request for a key is held when the log fails: guests take any quick answer but 401 as final, and by then
  /// this process has ended and the next one recovers. Not a setting; tests shorten it.
  package var releaseHold = Duration.seconds(20)
  package var node = "broker"
  /// Who countersigns the log.
  package var witnesses: WitnessSettings?
  /// Files with signed checkpoints of this log; a state that does not reach them was rolled back. Not a setting.
  package var witnessCheckpoints: [String] = []

  package struct Address: Equatable, Sendable {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// `host:port`, or `[v6]:port`; port 0 lets the system choose.
    package init(parsing text: String) throws(ParseError) {
      guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
        (0...65_535).contains(port)
      else { throw ParseError("listen", .unexpected) }
      var host = String(text[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      guard !host.isEmpty else { throw ParseError("listen", .missing) }
      self.init(host: host, port: port)
    }

    package var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  package init() {}

  package static let memberNames = [
    "listen", "adminListen", "serverNames", "anchors", "collateral", "tokenLifetimeSeconds",
    "attestBytes", "attestRatePerSecond", "attestBurst", "trustedProxies", "connectionsPerAddress",
    "maximumSessions", "node", "witnesses",
  ]

  /// - Throws: `ParseError`; `.unknownField` names the member as it was written.
  package init(parsing file: [UInt8]) throws(ParseError) {
    var reader = try JSONReader(StrictJSON.parse(file, comments: true), "")
    if let text = try reader.optionalString("listen") { listen = try Address(parsing: text) }
    if let text = try reader.optionalString("adminListen") { adminListen = try Address(parsing: text) }
    if reader.has("serverNames") { serverNames = try reader.strings("serverNames") }
    if reader.has("anchors") { anchors = try reader.strings("anchors") }
    try readCollateral(&reader)
    if let value = try Self.bounded("tokenLifetimeSeconds", 10...3600, &reader) { tokenLifetime = .seconds(value) }
    if let value = try Self.bounded("attestBytes", 65_536...(64 << 20), &reader) { attestBytes = value }
    if let value = try Self.bounded("attestRatePerSecond", 1...100_000, &reader) { attestRate = value }
    if let value = try Self.bounded("attestBurst", 1...100_000, &reader) { attestBurst = value }
    if reader.has("trustedProxies") {
      for text in try reader.strings("trustedProxies") { trustedProxies.append(try AddressRange(parsing: text)) }
    }
    if let value = try Self.bounded("connectionsPerAddress", 1...65_536, &reader) { connectionsPerAddress = value }
    if let value = try Self.bounded("maximumSessions", 16...10_000_000, &reader) { maximumSessions = value }
    if let text = try reader.optionalString("node") { node = text }
    if let object = try reader.optionalObject("witnesses") { witnesses = try WitnessSettings(object) }
    try reader.finish()
  }

  /// `{"directories":[…],"fetcher":PATH}`, or the list of folders alone.
  private mutating func readCollateral(_ reader: inout JSONReader) throws(ParseError) {
    guard reader.has("collateral") else { return }
    if reader.object["collateral"]?.arrayValue != nil {
      collateral = try reader.strings("collateral")
      return
    }
    var section = try reader.object("collateral")
    if section.has("directories") { collateral = try section.strings("directories") }
    if let value = section.optionalValue("fetcher"), !value.isNull { collateralFetcher = try section.string("fetcher") }
    try section.finish()
  }

  private static func bounded(
    _ key: String, _ range: ClosedRange<Int>, _ reader: inout JSONReader
  ) throws(ParseError) -> Int? {
    guard let value = try reader.optionalInteger(key, as: Int.self) else { return nil }
    guard range.contains(value) else { throw ParseError(key, .outOfRange) }
    return value
  }
}
