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
  init(parsing element: JSONElement) throws(ParseError) {
    let fields = try JSONFields(element, "tcbInfo")
    guard try fields.string("id") == "TDX" else { throw ParseError("tcbInfo.id", .unexpected) }
    guard try fields.integer("version", as: Int.self) == 3 else { throw ParseError("tcbInfo.version", .unexpected) }
    guard try fields.integer("tcbType", as: Int.self) == 0 else { throw ParseError("tcbInfo.tcbType", .unexpected) }
    issueDate = try fields.timestamp("issueDate")
    nextUpdate = try fields.timestamp("nextUpdate")
    fmspc = try fields.hex("fmspc", count: 6)
    pceID = try fields.hex("pceId", count: 2)
    evaluationNumber = try fields.integer("tcbEvaluationDataNumber")
    module = try Module(parsing: try fields.object("tdxModule"))
    var modules: [Module] = []
    if fields.has("tdxModuleIdentities") {
      for item in try fields.array("tdxModuleIdentities") { modules.append(try Module(identity: item)) }
    }
    self.modules = modules
    guard Set(modules.map { $0.id?.uppercased() }).count == modules.count else {
      throw ParseError("tcbInfo.tdxModuleIdentities", .duplicate)
    }
    var levels: [Level] = []
    for item in try fields.array("tcbLevels") { levels.append(try Level(parsing: item)) }
    guard !levels.isEmpty else { throw ParseError("tcbInfo.tcbLevels", .missing) }
    self.levels = levels.sorted { $1.isBelow($0) }
    unknownMembers = JSONForm.tcbInfo.others(in: element)
  }
}

extension TCBInfo.Level {
  fileprivate init(parsing element: JSONElement) throws(ParseError) {
    let fields = try JSONFields(element, "tcbInfo.tcbLevels")
    let tcb = try fields.object("tcb")
    sgx = try Self.components(tcb, "sgxtcbcomponents")
    tdx = try Self.components(tcb, "tdxtcbcomponents")
    pceSVN = try tcb.integer("pcesvn")
    judgement = try LevelJudgement(parsing: fields)
  }

  private static func components(_ tcb: JSONFields, _ key: String) throws(ParseError) -> [UInt8] {
    var components: [UInt8] = []
    components.reserveCapacity(16)
    for item in try tcb.array(key) {
      if let svn: UInt8 = item.integer("svn") {
        components.append(svn)
      } else {
        components.append(try JSONFields(item, tcb.name(key)).integer("svn"))
      }
    }
    guard components.count == 16 else { throw ParseError(tcb.name(key), .outOfRange) }
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
  fileprivate init(parsing fields: JSONFields) throws(ParseError) {
    self.init(
      id: nil, mrSigner: try fields.hex("mrsigner", count: 48), attributes: try fields.hex("attributes", count: 8),
      attributesMask: try fields.hex("attributesMask", count: 8), levels: [])
  }

  fileprivate init(identity element: JSONElement) throws(ParseError) {
    let fields = try JSONFields(element, "tcbInfo.tdxModuleIdentities")
    self.init(
      id: try fields.string("id"), mrSigner: try fields.hex("mrsigner", count: 48),
      attributes: try fields.hex("attributes", count: 8), attributesMask: try fields.hex("attributesMask", count: 8),
      levels: try SVNLevel.list(fields))
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

  init(parsing fields: JSONFields) throws(ParseError) {
    guard let status = TCBStatus(rawValue: try fields.string("tcbStatus")), status.isWritten else {
      throw ParseError(fields.name("tcbStatus"), .unexpected)
    }
    self.status = status
    date = try fields.timestamp("tcbDate")
    advisoryIDs = fields.has("advisoryIDs") ? try fields.strings("advisoryIDs") : []
  }
}

/// A level that one SVN decides: of a TDX module or of a quoting enclave.
struct SVNLevel: Sendable, Equatable {
  let isvSVN: UInt16
  let judgement: LevelJudgement

  /// The levels of `tcbLevels`, the best first; never empty.
  static func list(_ fields: JSONFields) throws(ParseError) -> [SVNLevel] {
    var levels: [SVNLevel] = []
    for item in try fields.array("tcbLevels") {
      let level = try JSONFields(item, fields.name("tcbLevels"))
      let isvSVN = try level.object("tcb").integer("isvsvn", as: UInt16.self)
      levels.append(SVNLevel(isvSVN: isvSVN, judgement: try LevelJudgement(parsing: level)))
    }
    guard !levels.isEmpty else { throw ParseError(fields.name("tcbLevels"), .missing) }
    return levels.sorted { $0.isvSVN > $1.isvSVN }
  }
}
