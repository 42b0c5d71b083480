import Bytes
import TestSupport
import Testing

@testable import Broker

/// One thing that the adversary does; what the numbers mean follows from the state that they meet.
struct Move: Sendable, CustomStringConvertible {
  var kind: Int
  var a: Int
  var b: Int
  var c: Int

  init(_ random: inout SeededGenerator) {
    kind = Int.random(in: 0..<AdversaryWorld.moves.count, using: &random)
    (a, b, c) = (
      Int.random(in: 0..<1000, using: &random), Int.random(in: 0..<1000, using: &random),
      Int.random(in: 0..<1000, using: &random)
    )
  }

  var description: String { "\(AdversaryWorld.moves[kind].name)(\(a), \(b), \(c))" }
}

/// Plays the moves from the same beginning.
/// - Returns: how many of them had been made when something became releasable that was not before; `nil` when nothing did.
private func growth(_ moves: [Move], approverKeys: Int) async throws -> Int? {
  var world = try await AdversaryWorld(approverKeys: approverKeys)
  var before = try await world.releasable()
  #expect(!before.isEmpty)
  for (count, move) in moves.enumerated() {
    try await world.make(move)
    let after = try await world.releasable()
    if !after.isSubset(of: before) { return count + 1 }
    before = after
  }
  return nil
}

/// The shortest list that still grows what is releasable: moves are left out while it does.
private func shrunk(_ moves: [Move], approverKeys: Int) async throws -> [Move] {
  var moves = Array(moves.prefix(try await growth(moves, approverKeys: approverKeys) ?? moves.count))
  var index = 0
  while index < moves.count {
    var fewer = moves
    fewer.remove(at: index)
    if try await growth(fewer, approverKeys: approverKeys) != nil { moves = fewer } else { index += 1 }
  }
  return moves
}

private func sequences(seed: UInt64, count: Int) -> [[Move]] {
  var random = SeededGenerator(seed: seed)
  return (0..<count).map { _ in (0..<16).map { _ in Move(&random) } }
}

/// An adversary holds every credential of an administrator, all statements that were ever submitted, and one approver's
/// key and one break-glass key of two each: no sequence of calls makes one more key releasable to any measurement.
@Test func whatIsReleasableNeverGrowsWithoutAQuorum() async throws {
  for seed: UInt64 in 1...2 {
    for moves in sequences(seed: seed, count: 12) where try await growth(moves, approverKeys: 1) != nil {
      Issue.record("seed \(seed): \(try await shrunk(moves, approverKeys: 1))")
      return
    }
  }
}

/// The same adversary with a second approver's key does find a way, so the property above is not empty.
@Test func withAQuorumOfKeysTheSameAdversaryFindsAWay() async throws {
  for seed: UInt64 in 1...20 {
    for moves in sequences(seed: seed, count: 12) where try await growth(moves, approverKeys: 2) != nil {
      let shortest = try await shrunk(moves, approverKeys: 2)
      #expect(shortest.count <= 2, "\(shortest)")
      return
    }
  }
  Issue.record("two keys of a quorum of two widened nothing")
}

@Test func aStoreThatWasRolledBackDoesNotStart() async throws {
  let world = try await AdversaryWorld(approverKeys: 1)
  let bench = world.bench
  let names = bench.registryDisk.names
  #expect(names.count >= 8)
  for name in names {
    let kept = try #require(try bench.registryDisk.read(name))
    try bench.registryDisk.remove(name)
    await #expect(throws: (any Error).self, "\(name)") { try await bench.restarted() }
    let other = try #require(try bench.registryDisk.read(names.first { $0 != name } ?? ""))
    bench.registryDisk.replace(name, with: other)
    await #expect(throws: (any Error).self, "\(name)") { try await bench.restarted() }
    bench.registryDisk.replace(name, with: kept)
  }
  #expect(await (try await bench.restarted()).broker.registry.snapshot.keys.count == 2)
}
