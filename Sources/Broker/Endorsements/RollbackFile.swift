import Bytes
import Platform
import TransparencyLog

/// The rollback memory on disk: one file, replaced whole, durable before anything is judged by what it says.
///
/// A file that cannot be read stops the start, because no crash leaves one. A file that is gone is said at the start and
/// does no lasting harm: what it knew is known again as soon as the newest artefacts are seen, and what is older than
/// they are runs out by its own dates.
struct RollbackFile: Sendable {
  /// Where the memory came from.
  enum Origin: String, Sendable {
    /// The state is new.
    case new
    case kept
    /// The state is not new, and has no memory.
    case lost
  }

  private static let name = "collateral/seen.json"
  private static let fresh = "collateral/seen.new"

  private let io: any DurableIO
  private let path: String

  /// - Parameters:
  ///   - io: the directory of the state.
  ///   - folder: its path, for people.
  init(_ io: any DurableIO, folder: String) {
    self.io = io
    path = "\(folder)/\(Self.name)"
  }

  /// - Throws: `StartError.collateralMemoryDamaged` for a file that is not in its form or cannot be read.
  func read() throws(StartError) -> RollbackMemory? {
    let bytes: [UInt8]?
    do { bytes = try io.read(Self.name) } catch { throw .collateralMemoryDamaged(file: path) }
    guard let bytes else { return nil }
    do { return try RollbackMemory(parsing: bytes) } catch { throw .collateralMemoryDamaged(file: path) }
  }

  /// Returns when the new memory survives a crash.
  func write(_ memory: RollbackMemory) throws(DurableFailure) {
    try io.makeDirectory("collateral")
    try io.syncDirectory("")
    let file = try io.create(Self.fresh)
    do throws(DurableFailure) {
      try io.write(memory.encoded, to: file, at: 0)
      try io.sync(file)
    } catch {
      io.close(file)
      throw error
    }
    io.close(file)
    try io.rename(Self.fresh, to: Self.name)
    try io.syncDirectory("collateral")
  }
}
