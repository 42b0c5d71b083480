package import Bytes
package import Verification

/// What a bundle asks of an Intel TDX platform: the member `tees.tdx`.
///
/// What is left out of the optional lists is not asked; `openEnds` names each, so that nobody signs one unseen.
package struct TDXReference: Equatable, Sendable {
  /// MRTD, 48 bytes each; never empty.
  package let mrTD: [[UInt8]]
  /// RTMR0 to RTMR3, 48 bytes each; zeros stand for a register that was never extended.
  package let rtmr: [[[UInt8]]?]
  /// MRCONFIGID as it must stand; from `mrConfigIDs`, or from `initDataDigests` cut or filled to 48 bytes.
  package let mrConfigID: [[UInt8]]?
  /// MROWNER and MROWNERCONFIG. Default: zero alone.
  package let mrOwner: [[UInt8]]
  package let mrOwnerConfig: [[UInt8]]
  /// MRSEAM; the TCB speaks of the module's level, this pins its very build.
  package let mrSeam: [[UInt8]]?
  /// MRSERVICETD. Only with one of these pinned may a TD have a service TD, or be migrated.
  package let serviceTDs: [[UInt8]]?
  package let attributes: BitRequirements
  package let xfam: XFAMRule?
  package let acceptedTCB: [AcceptedTCB]
  package let minimumEvaluation: UInt32
  /// PPIDs, 16 bytes each.
  package let platforms: [[UInt8]]?
  /// Platform instance ids, 16 bytes each: another one once a platform was registered anew.
  package let platformInstances: [[UInt8]]?
  /// Every register's value must be led to by an event log.
  package let requiresEventLog: Bool
  /// A TD that is told when the host takes a page away, instead of ending. Newer kernels turn this off by themselves.
  package let acceptingSEPTVE: Bool

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    mrTD = try reader.list("mrTD", JSONReader.hexItem(48))
    var rtmr: [[[UInt8]]?] = []
    for index in 0..<4 { rtmr.append(try reader.optionalList("rtmr\(index)", Self.register)) }
    self.rtmr = rtmr
    mrConfigID = try Self.configID(&reader)
    mrOwner = try reader.optionalList("mrOwner", Self.register) ?? [Self.zero]
    mrOwnerConfig = try reader.optionalList("mrOwnerConfig", Self.register) ?? [Self.zero]
    mrSeam = try reader.optionalList("mrSeam", JSONReader.hexItem(48))
    serviceTDs = try reader.optionalList("serviceTDs", JSONReader.hexItem(48))
    attributes =
      try reader.optionalObject("attributes").map { section throws(ParseError) in
        try BitRequirements(parsing: section, names: BitNames.tdAttributes, neverRequired: Self.neverRequired)
      } ?? BitRequirements()
    xfam = try reader.optionalObject("xfam").map { section throws(ParseError) in try XFAMRule(parsing: section) }
    acceptedTCB = try Self.acceptedTCB(&reader)
    minimumEvaluation = try reader.optionalInteger("minimumEvaluation") ?? 0
    platforms = try reader.optionalList("platforms", JSONReader.hexItem(16))
    platformInstances = try reader.optionalList("platformInstances", JSONReader.hexItem(16))
    requiresEventLog = try reader.optionalBool("requireEventLog") ?? false
    acceptingSEPTVE = try reader.optionalBool("acceptingSEPTVE") ?? false
    try reader.finish()
  }

  /// No bundle can ask for a TD that its host may look into.
  private static let neverRequired: Set<String> = ["debug", "migratable", "performanceMonitored", "partitioningAware"]
  static let zero = [UInt8](repeating: 0, count: 48)

  /// 48 bytes, of which zeros mean something.
  private static func register(_ value: JSONValue) -> [UInt8]? {
    value.stringValue.flatMap { try? Hex.decode($0, "hex") }.flatMap { $0.count == 48 ? $0 : nil }
  }

  private static func configID(_ reader: inout JSONReader) throws(ParseError) -> [[UInt8]]? {
    let exact = try reader.optionalList("mrConfigIDs", JSONReader.hexItem(48))
    let digests = try reader.optionalList("initDataDigests", JSONReader.hexItem(32, 48, 64))
    guard exact == nil || digests == nil else { throw ParseError(reader.name("initDataDigests"), .duplicate) }
    return exact ?? digests.map { $0.map { Array(($0 + zero).prefix(48)) } }
  }

  private static func acceptedTCB(_ reader: inout JSONReader) throws(ParseError) -> [AcceptedTCB] {
    let key = "acceptedTCB"
    guard let items = try reader.optionalArray(key) else { return [] }
    guard !items.isEmpty else { throw ParseError(reader.name(key), .missing) }
    guard items.count <= 64 else { throw ParseError(reader.name(key), .tooLong) }
    var accepted: [AcceptedTCB] = []
    for item in items { accepted.append(try AcceptedTCB(parsing: try JSONReader(item, reader.name(key)))) }
    return accepted
  }

  /// What this section does not ask, in words, for whoever is about to sign it.
  var openEnds: [String] {
    var open: [String] = []
    for (index, values) in rtmr.enumerated() where values == nil {
      open.append("RTMR\(index) is not pinned: \(Self.contents[index]) is accepted")
    }
    if mrConfigID == nil { open.append("init-data is not pinned: any configuration of the measured image is accepted") }
    if platforms == nil && platformInstances == nil {
      open.append("platforms are not pinned: any TDX platform is accepted")
    }
    if minimumEvaluation == 0 { open.append("no TCB evaluation number is asked for: any that is current is accepted") }
    for tcb in acceptedTCB { open.append("TCB status \(tcb.sentence) is accepted") }
    if serviceTDs != nil { open.append("service TDs are accepted, and with them migration") }
    if acceptingSEPTVE { open.append("a TD that is told of pages taken away is accepted") }
    return open
  }

  private static let contents = [
    "any firmware configuration", "any boot loader and kernel", "any kernel command line and initial file system",
    "anything that the guest measured at run time",
  ]
}

/// Which processor features a TD must and may use.
///
/// JSON: `{"required":"0x3","allowed":"0x602e7"}`; the same value in both pins XFAM.
package struct XFAMRule: Equatable, Sendable {
  package let required: UInt64
  package let allowed: UInt64

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    required = try Self.bits(&reader, "required")
    allowed = try Self.bits(&reader, "allowed")
    guard required & ~allowed == 0 else { throw ParseError(reader.name("required"), .outOfRange) }
    try reader.finish()
  }

  private static func bits(_ reader: inout JSONReader, _ key: String) throws(ParseError) -> UInt64 {
    let text = try reader.string(key)
    guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16),
      text == "0x" + String(value, radix: 16)
    else { throw ParseError(reader.name(key), .notCanonical) }
    return value
  }

  func isMet(by xfam: UInt64) -> Bool { xfam & required == required && xfam & ~allowed == 0 }
}

/// A TCB status other than up to date that a bundle accepts: by its name and by the advisories that are known to apply.
///
/// JSON: `{"status":S,"advisoryIDs":[…],"maximumAgeDays":N,"notAfter":T}`. An out-of-date platform takes an age, a TD that
/// ought to be launched again takes an end. Revoked and unknown platforms are accepted by nobody.
package struct AcceptedTCB: Equatable, Sendable {
  package let status: TCBStatus
  package let advisoryIDs: [String]
  /// Days since the TCB's date.
  package let maximumAgeDays: UInt32?
  package let notAfter: Timestamp?

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    guard let status = TCBStatus(rawValue: try reader.string("status")), Self.acceptable.contains(status) else {
      throw ParseError(reader.name("status"), .unexpected)
    }
    self.status = status
    advisoryIDs = try reader.list("advisoryIDs") { value in
      value.stringValue.flatMap { BundleText.isName($0) ? $0 : nil }
    }
    maximumAgeDays = try reader.optionalInteger("maximumAgeDays")
    notAfter = reader.has("notAfter") ? try reader.timestamp("notAfter") : nil
    if notAfter == nil { _ = reader.optionalValue("notAfter") }
    if status.isOutOfDate, maximumAgeDays == nil { throw ParseError(reader.name("maximumAgeDays"), .missing) }
    if status.isRelaunchAdvised, notAfter == nil { throw ParseError(reader.name("notAfter"), .missing) }
    try reader.finish()
  }

  private static let acceptable: [TCBStatus] = [
    .swHardeningNeeded, .configurationNeeded, .configurationAndSWHardeningNeeded, .relaunchAdvised,
    .relaunchAdvisedConfigurationNeeded, .outOfDate, .outOfDateConfigurationNeeded,
  ]

  /// The status is the one that is named, every advisory that applies is named, and it is not too long ago.
  func isMet(by facts: TDXFacts, at now: Timestamp) -> Bool {
    guard facts.tcbStatus == status, facts.advisoryIDs.allSatisfy(advisoryIDs.contains) else { return false }
    if let notAfter, now >= notAfter { return false }
    guard let maximumAgeDays else { return true }
    return facts.tcbDate.map { now < $0.adding(.seconds(Int64(maximumAgeDays) * 86_400)) } ?? false
  }

  var sentence: String {
    let age = maximumAgeDays.map { " for \($0) days" } ?? ""
    let end = notAfter.map { " until \($0.rfc3339)" } ?? ""
    return "\(status.rawValue) with \(advisoryIDs.joined(separator: ", "))\(age)\(end)"
  }
}
