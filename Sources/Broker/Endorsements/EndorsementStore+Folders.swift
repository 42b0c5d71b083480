package import Bytes
import Platform
import Telemetry
import Verification

// The operator's folders: read at the start, when they change, and when the operator asks.
extension EndorsementStore {
  /// How often the folders are looked at, and what has to be fetched anew.
  static let maintenanceInterval = Duration.seconds(10)

  /// Reads every folder. Blocks.
  /// - Throws: `StartError.collateralUnreadable`; what was read before stays.
  func readFolders(at now: Timestamp) throws(StartError) {
    let contents = try parts.folders.read()
    let proofs = state.withLock { state in
      state.stock.replaceFolders(contents.artefacts, anchors: parts.anchors, at: now)
      state.marks = contents.marks
      state.isFolderUnreadable = false
      return state.stock.proofs
    }
    remember(proofs, at: now)
  }

  /// Reads the folders again when a file in them came, went or changed.
  package func reloadFolders(at now: Timestamp, always: Bool = false) async {
    guard !parts.folders.paths.isEmpty else { return }
    do {
      let hasChanged = try await OwnThread.run { [self] in
        let marks = try parts.folders.marks()
        guard always || marks != state.withLock({ $0.marks }) else {
          state.withLock { $0.isFolderUnreadable = false }
          return false
        }
        try readFolders(at: now)
        return true
      }
      if hasChanged {
        parts.events?.write(
          .info, "collateral-read", ["artefacts": .number(Int64(state.withLock { $0.stock.items.count }))])
      }
    } catch {
      let isNews = state.withLock { state in
        defer { state.isFolderUnreadable = true }
        return !state.isFolderUnreadable
      }
      if isNews { parts.events?.write(.error, "collateral-unreadable") }
    }
  }
}
