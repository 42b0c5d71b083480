import Appraisal
import Bytes
import Cryptography
import Evidence
import Replay
import SignedNotes
import SimulatedTEE
import Testing
import Transport
import Verification

@testable import Broker

private let issued = Bench.start.adding(.seconds(-3600))

/// A GPU of whose manifests the driver's is of a signer that ended an hour ago.
private let expired: SimulatedGPUSet = {
  var gpus = SimulatedGPUSet(count: 1, issuedAt: issued)
  gpus.manifests[0].editSigner = { $0.notAfter = Bench.start.adding(.seconds(-1)) }
  return gpus
}()

/// One with a measurement of its board's own.
private let deviating: SimulatedGPUSet = {
  var gpus = SimulatedGPUSet(count: 1, issuedAt: issued)
  gpus.devices[0].measurements[9] = [UInt8](repeating: 0xB0, count: 48)
  return gpus
}()

private func bench(_ gpus: SimulatedGPUSet) async throws -> Bench {
  var options = Bench.Options()
  options.collateral = Endorsements(recognising: gpus.files.map(\.bytes))
  return try await Bench.ready(gpuBundle { $0["count"] = 1 }, options)
}

private func exception(
  _ manifest: SimulatedManifest, _ acceptance: [(String, JSONValue)], days: Int64 = 30
) throws -> ManifestException {
  try ManifestException(
    document: .object(
      [
        ("schema", "vouchsafe/manifest-exception/v1"),
        ("manifest", .string(Hex.encode(Hash.sha256.digest(manifest.bytes)))), ("reason", "a test"),
        ("notAfter", .string(Bench.start.adding(.seconds(days * 86_400)).rfc3339)),
      ] + acceptance))
}

private func submit(
  _ exception: ManifestException, to bench: Bench, scope: String? = nil, by signers: [NoteSigner]? = nil
) async throws -> HTTPResponse {
  try await bench.submit(
    ReferenceStatement(
      kind: .exception, scope: scope ?? exception.scope, version: 1, previous: nil,
      notAfter: Bench.start.adding(.seconds(3600)), body: exception.document), by: signers)
}

private func code(_ bench: Bench, _ gpus: SimulatedGPUSet) async throws -> String? {
  let (_, answer) = try await Pod.attested(bench) { $0.gpus = gpus }
  return answer.status == 200 ? "accepted" : answer.code
}

@Test func aManifestWhoseSignerEndedNeedsASignedException() async throws {
  // Signed texts differ each time they are made.
  let driver = expired.manifests[0].bytes
  var options = Bench.Options()
  let others = expired.manifests.dropFirst().map(\.bytes) + expired.answers.map(\.der)
  options.collateral = Endorsements(recognising: [driver] + others)
  let bench = try await Bench.ready(gpuBundle { $0["count"] = 1 }, options)
  #expect(try await code(bench, expired) == "certificateExpired")
  var document = try #require(try exception(expired.manifests[0], [("accepts", "expired")]).document.objectValue)
  document["manifest"] = .string(Hex.encode(Hash.sha256.digest(driver)))
  let fitting = try ManifestException(document: .object(document))
  #expect(try await submit(fitting, to: bench, by: [bench.approvers[0]]).status != 200)
  #expect(try await code(bench, expired) == "certificateExpired")
  #expect(try await submit(fitting, to: bench).status == 200)
  #expect(try await code(bench, expired) == "accepted")
  let found = try await bench.examined().filter { $0.leaf.decision != nil }
  #expect(found.map(\.word) == ["same", "same", "same"])
}

@Test func anExceptionForAnotherManifestIsNoneForThisOne() async throws {
  let bench = try await bench(expired)
  #expect(try await submit(try exception(expired.manifests[1], [("accepts", "expired")]), to: bench).status == 200)
  #expect(try await code(bench, expired) == "certificateExpired")
}

@Test func aMeasurementOfABoardsOwnNeedsASignedException() async throws {
  let vbios = deviating.manifests[1].bytes
  var options = Bench.Options()
  let others = [deviating.manifests[0].bytes] + deviating.answers.map(\.der)
  options.collateral = Endorsements(recognising: [vbios] + others)
  let bench = try await Bench.ready(gpuBundle { $0["count"] = 1 }, options)
  #expect(try await code(bench, deviating) == "measurementMismatch")
  func excepting(_ index: Int, _ digest: UInt8) throws -> ManifestException {
    let acceptance: [(String, JSONValue)] = [
      ("accepts", "measurement"), ("index", .int(index)),
      ("digests", [.string(Hex.encode([UInt8](repeating: digest, count: 48)))]),
    ]
    var document = try #require(try exception(deviating.manifests[1], acceptance).document.objectValue)
    document["manifest"] = .string(Hex.encode(Hash.sha256.digest(vbios)))
    return try ManifestException(document: .object(document))
  }
  #expect(try await submit(try excepting(8, 0xB0), to: bench).status == 200)
  #expect(try await code(bench, deviating) == "measurementMismatch")
  #expect(try await submit(try excepting(9, 0xB0), to: bench).status == 200)
  #expect(try await code(bench, deviating) == "accepted")
  var other = deviating
  other.devices[0].measurements[9] = [UInt8](repeating: 0xB1, count: 48)
  #expect(try await code(bench, other) == "measurementMismatch")
  bench.advance(.seconds(3600 * 20))
  #expect(try await code(bench, deviating) == "accepted")
}

@Test func exceptionsEndAndLastAYearAtMost() async throws {
  var options = Bench.Options()
  var gpus = expired
  gpus.answers = gpus.answers.map { answer in
    var answer = answer
    answer.nextUpdate = Bench.start.adding(.seconds(90 * 86_400))
    return answer
  }
  let driver = gpus.manifests[0].bytes
  options.collateral = Endorsements(
    recognising: [driver, gpus.manifests[1].bytes] + gpus.answers.map(\.der))
  let bench = try await Bench.ready(gpuBundle { $0["count"] = 1 }, options)
  func lasting(_ days: Int64) throws -> ManifestException {
    var document = try #require(
      try exception(gpus.manifests[0], [("accepts", "expired")], days: days).document.objectValue)
    document["manifest"] = .string(Hex.encode(Hash.sha256.digest(driver)))
    return try ManifestException(document: .object(document))
  }
  let long = try await submit(try lasting(367), to: bench)
  #expect(long.status != 200)
  #expect(long.code == "exceptionTooLong")
  #expect(try await submit(try lasting(30), to: bench).status == 200)
  #expect(try await code(bench, gpus) == "accepted")
  bench.advance(.seconds(30 * 86_400))
  #expect(try await code(bench, gpus) == "certificateExpired")
}

@Test func aStatementSpeaksOfTheManifestThatItNames() async throws {
  let bench = try await bench(expired)
  let wrong = try exception(expired.manifests[0], [("accepts", "expired")])
  #expect(try await submit(wrong, to: bench, scope: String(repeating: "0", count: 64)).code == "statementBodyMismatch")
}
