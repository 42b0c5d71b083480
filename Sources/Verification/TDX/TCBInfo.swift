import Bytes

/// The TCB levels of one family of platforms, as a TCB info states them: who vouches for it is decided elsewhere.
///
/// Shape: JSON, id `TDX`, version 3. Spec: Intel PCS API v4, TDX TCB info.
struct TCBInfo: Sendable, Equatable {
  /// One TCB level: the least SVNs it takes.
  struct Level: Sendable, Equatable {
    let sgx: [UInt8]
    let pceSVN: UInt16
    let tdx: [UInt8]
    let judgement: LevelJudgement
  }

  /// A TDX module: whose it is and, by its own SVN, what Intel says of it.
  struct Module: Sendable, Equatable {
    /// Such as `TDX_03`; `nil` for the one that TCB levels speak of.
    let id: String?
    let mrSigner: [UInt8]
    let attributes: [UInt8]
    let attributesMask: [UInt8]
    /// The best first.
    let levels: [SVNLevel]
  }

  let issueDate: Timestamp
  let nextUpdate: Timestamp
  let fmspc: [UInt8]
  let pceID: [UInt8]
  let evaluationNumber: UInt32
  let module: Module
  let modules: [Module]
  /// The best first.
  let levels: [Level]
  /// Paths of members that nobody here knows; signed, and without any effect.
  let unknownMembers: [String]

  /// - Throws: `ParseError` for anything but the JSON of a TDX TCB info of version 3.
  init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "tcbInfo")
    guard try reader.string("id") == "TDX" else { throw ParseError("tcbInfo.id", .unexpected) }
    guard try reader.integer("version", as: Int.self) == 3 else { throw ParseError("tcbInfo.version", .unexpected) }
    guard try reader.integer("tcbType", as: Int.self) == 0 else { throw ParseError("tcbInfo.tcbType", .unexpected) }
    issueDate = try reader.timestamp("issueDate")
    nextUpdate = try reader.timestamp("nextUpdate")
    fmspc = try reader.hex("fmspc", count: 6)
    pceID = try reader.hex("pceId", count: 2)
    evaluationNumber = try reader.integer("tcbEvaluationDataNumber")
    module = try Module(parsing: try reader.object("tdxModule"))
    var modules: [Module] = []
    for item in try reader.optionalArray("tdxModuleIdentities") ?? [] {
      modules.append(try Module(identity: item))
    }
    self.modules = modules
    guard Set(modules.map { $0.id?.uppercased() }).count == modules.count else {
      throw ParseError("tcbInfo.tdxModuleIdentities", .duplicate)
    }
    var levels: [Level] = []
    for item in try reader.array("tcbLevels") { levels.append(try Level(parsing: item)) }
    guard !levels.isEmpty else { throw ParseError("tcbInfo.tcbLevels", .missing) }
    self.levels = levels.sorted { $1.isBelow($0) }
    unknownMembers = KnownMembers.tcbInfo.others(in: value)
  }
}

extension TCBInfo.Level {
  fileprivate init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "tcbInfo.tcbLevels")
    var tcb = try reader.object("tcb")
    sgx = try Self.components(&tcb, "sgxtcbcomponents")
    tdx = try Self.components(&tcb, "tdxtcbcomponents")
    pceSVN = try tcb.integer("pcesvn")
    judgement = try LevelJudgement(parsing: &reader)
  }

  private static func components(_ tcb: inout JSONReader, _ key: String) throws(ParseError) -> [UInt8] {
    let name = tcb.name(key)
    var components: [UInt8] = []
    components.reserveCapacity(16)
    for item in try tcb.array(key) {
      guard let svn = item["svn"]?.integer(UInt8.self) else {
        var component = try JSONReader(item, name)
        components.append(try component.integer("svn"))
        continue
      }
      components.append(svn)
    }
    guard components.count == 16 else { throw ParseError(name, .outOfRange) }
    return components
  }

  /// The order of levels: SGX components, then PCESVN, then TDX components.
  fileprivate func isBelow(_ other: Self) -> Bool {
    if sgx != other.sgx { return sgx.lexicographicallyPrecedes(other.sgx) }
    if pceSVN != other.pceSVN { return pceSVN < other.pceSVN }
    return tdx.lexicographicallyPrecedes(other.tdx)
  }
}

extension TCBInfo.Module {
  fileprivate init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    self.init(
      id: nil, mrSigner: try reader.hex("mrsigner", count: 48), attributes: try reader.hex("attributes", count: 8),
      attributesMask: try reader.hex("attributesMask", count: 8), levels: [])
  }

  fileprivate init(identity value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "tcbInfo.tdxModuleIdentities")
    self.init(
      id: try reader.string("id"), mrSigner: try reader.hex("mrsigner", count: 48),
      attributes: try reader.hex("attributes", count: 8), attributesMask: try reader.hex("attributesMask", count: 8),
      levels: try SVNLevel.list(&reader))
  }
}

/// What Intel says of a level.
struct LevelJudgement: Sendable, Equatable {
  let status: TCBStatus
  let date: Timestamp
  let advisoryIDs: [String]

  init(status: TCBStatus, date: Timestamp, advisoryIDs: [String] = []) {
    self.status = status
    self.date = date
    self.advisoryIDs = advisoryIDs
  }

  init(parsing reader: inout JSONReader) throws(ParseError) {
    guard let status = TCBStatus(rawValue: try reader.string("tcbStatus")), status.isWritten else {
      throw ParseError(reader.name("tcbStatus"), .unexpected)
    }
    self.status = status
    date = try reader.timestamp("tcbDate")
    advisoryIDs = reader.has("advisoryIDs") ? try reader.strings("advisoryIDs") : []
  }
}

/// A level that one SVN decides: of a TDX module or of a quoting enclave.
struct SVNLevel: Sendable, Equatable {
  let isvSVN: UInt16
  let judgement: LevelJudgement

  /// The levels of `tcbLevels`, the best first; never empty.
  static func list(_ reader: inout JSONReader) throws(ParseError) -> [SVNLevel] {
    var levels: [SVNLevel] = []
    for item in try reader.array("tcbLevels") {
      var level = try JSONReader(item, reader.name("tcbLevels"))
      var tcb = try level.object("tcb")
      levels.append(SVNLevel(isvSVN: try tcb.integer("isvsvn"), judgement: try LevelJudgement(parsing: &level)))
    }
    guard !levels.isEmpty else { throw ParseError(reader.name("tcbLevels"), .missing) }
    return levels.sorted { $0.isvSVN > $1.isvSVN }
  }
}
