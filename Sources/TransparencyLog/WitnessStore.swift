/// Where a witness keeps the newest checkpoint of each log, one file a log.
///
/// What an implementer owes: `replace` returns only when the new file is durable under its name, and after a crash there is
/// either the old file or the new one, whole. One process at a time.
package protocol WitnessStore: Sendable {
  func read(_ name: String) throws -> [UInt8]?
  func replace(_ name: String, with bytes: [UInt8]) throws
}
