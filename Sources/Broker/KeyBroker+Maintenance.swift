import Appraisal
import Bytes
import Cryptography
import Telemetry
import TransparencyLog

extension KeyBroker {
  /// The work beside requests: published files of the log follow it within a second; the counts of unlogged refusals
  /// become a leaf once a minute.
  func maintain() async {
    var untilSummary = 60
    while !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
      await flushLog()
      await readWitnesses()
      untilSummary -= 1
      if untilSummary == 0 {
        untilSummary = 60
        await writeDenySummary()
      }
    }
  }

  /// Keeps collateral at hand, beside requests and never in their way.
  func maintainCollateral() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: EndorsementStore.maintenanceInterval) } catch { return }
      await endorsements.reloadFolders(at: clock())
      await endorsements.refreshDue(at: clock())
    }
  }

  /// Writes tiles and the published checkpoint for what was committed since the last time.
  func flushLog() async {
    do {
      try await log.publish()
    } catch {
      failed(error)
    }
  }

  func writeDenySummary() async {
    let rows = denySummary.take()
    guard !rows.isEmpty else { return }
    await write(.denySummary, DenySummary.members(rows), simulated: false)
  }

  /// The leaf of a start: what program, whose approvers, and which doors are open.
  func recordStart(_ digests: StateDigests) async throws {
    if extraAnchorsDigest != nil { events.write(.warning, "simulated-evidence-accepted") }
    let now = clock()
    _ = try await registry.gate.reading { [self] in
      let position = await registry.snapshot.position
      let leaf = Leaf(
        .config, from: origin, at: now, simulated: extraAnchorsDigest != nil, registry: position,
        digests.members + [
          ("anchors", extraAnchorsDigest.map { .string(Hex.encode($0)) } ?? .null),
          ("private_names", .bool(names.isPrivate)),
        ] + droppedMembers)
      return try await commit(try leaf.encoded(names.writer()))
    }
  }

  /// What recovery dropped is said in the log itself.
  private var droppedMembers: [(String, JSONValue)] {
    log.recovery.droppedBytes > 0 ? [("log_dropped_bytes", .int(log.recovery.droppedBytes))] : []
  }

  private func write(_ kind: Leaf.Kind, _ members: [(String, JSONValue)], simulated: Bool) async {
    let now = clock()
    _ = try? await registry.gate.reading { [self] in
      let position = await registry.snapshot.position
      let leaf = Leaf(kind, from: origin, at: now, simulated: simulated, registry: position, members)
      return try await commit(try leaf.encoded(names.writer()))
    }
  }
}
