package import Bytes

/// The eight claims of AR4SI about an attester, and the status that follows from them.
///
/// Spec: kbs-protocol §3.2; draft-ietf-rats-ar4si §2.3. Values are −128…127.
package struct TrustworthinessVector: Equatable, Sendable {
  package enum Status: String, Sendable, CaseIterable { case none, affirming, warning, contraindicated }

  package static let names = [
    "instance-identity", "configuration", "executables", "file-system", "hardware", "runtime-opaque", "storage-opaque",
    "sourced-data",
  ]

  package var instanceIdentity: Int8 = 0
  package var configuration: Int8 = 0
  package var executables: Int8 = 0
  package var fileSystem: Int8 = 0
  package var hardware: Int8 = 0
  package var runtimeOpaque: Int8 = 0
  package var storageOpaque: Int8 = 0
  package var sourcedData: Int8 = 0

  package init() {}

  /// Every claim must be there.
  init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "trustworthiness-vector")
    instanceIdentity = try reader.integer("instance-identity")
    configuration = try reader.integer("configuration")
    executables = try reader.integer("executables")
    fileSystem = try reader.integer("file-system")
    hardware = try reader.integer("hardware")
    runtimeOpaque = try reader.integer("runtime-opaque")
    storageOpaque = try reader.integer("storage-opaque")
    sourcedData = try reader.integer("sourced-data")
    try reader.finish()
  }

  private var values: [Int8] {
    [
      instanceIdentity, configuration, executables, fileSystem, hardware, runtimeOpaque, storageOpaque, sourcedData,
    ]
  }

  /// The worst tier over the vector.
  package var status: Status { values.map(Self.tier).max { Self.rank($0) < Self.rank($1) } ?? .none }

  package var json: JSONValue {
    .object(zip(Self.names, values).map { ($0, .int($1)) })
  }

  private static func tier(_ value: Int8) -> Status {
    switch value {
    case -1...1: .none
    case -32...31: .affirming
    case -96...95: .warning
    default: .contraindicated
    }
  }

  private static func rank(_ status: Status) -> Int { Status.allCases.firstIndex(of: status) ?? 0 }
}
