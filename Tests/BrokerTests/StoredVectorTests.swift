import Appraisal
import Bytes
import Cryptography
import Evidence
import Replay
import TestSupport
import Testing
import Verification

/// Every recorded piece of evidence as a stored bundle, judged from its blobs alone. The verdicts are checked in: one that
/// changes is for a reviewer to look at.
@Suite(.enabled(if: VectorStore.isPresent)) struct StoredVectorTests {
  private struct Blobs: BlobSource {
    var all: [[UInt8]: [UInt8]] = [:]

    func blob(_ digest: [UInt8]) -> [UInt8]? { all[digest] }

    mutating func store(_ bytes: [UInt8]) -> JSONValue {
      all[Hash.sha256.digest(bytes)] = bytes
      return .string(Hex.encode(Hash.sha256.digest(bytes)))
    }
  }

  /// A bundle in memory, and the digest of its record.
  private static func bundle(
    _ evidence: [UInt8], _ parsed: UnverifiedEvidence, _ carriers: [[UInt8]], at time: Timestamp
  ) throws -> (digest: [UInt8], blobs: Blobs) {
    var blobs = Blobs()
    let reportData =
      switch parsed {
      case .snp(let snp): snp.report.reportData
      case .tdx(let tdx): tdx.quote.body.reportData
      case .nvidia(let evidence): evidence.devices.first?.report.nonce ?? []
      }
    let collateral = carriers.map { bytes -> JSONValue in
      ["kind": "file", "url": .null, "fetched_at": .null, "sha256": blobs.store(bytes)]
    }
    let none = JSONValue.string(String(repeating: "0", count: 64))
    let record = CanonicalJSON.encode([
      "v": 1, "tee": .string(parsed.tee.rawValue), "evidence": .string(Base64.encode(evidence)),
      "binding": ["report_data": .string(Hex.encode(reportData)), "host_data": .null], "init_data": .null,
      "collateral": .array(collateral), "anchors": .null, "floors": ["minimum": 0, "seen": [:]],
      "registry": ["epoch": 0, "head": .null], "refvalues": none, "policy": none, "advisories": .null,
      "verified_at": .string(time.rfc3339Milliseconds), "verifier_version": "vectors", "verdict": .null,
    ])
    _ = blobs.store(record)
    return (Hash.sha256.digest(record), blobs)
  }

  private static func verdict(_ result: Result<Claims, Refusal>) -> String {
    switch result {
    case .failure(let refusal): return "refused \(refusal.code.rawValue) \(refusal.field ?? "-")"
    case .success(let claims):
      let strict = Set(strictRefusals(claims).map(\.code.rawValue)).sorted().joined(separator: ",")
      let digest = Hex.encode(Hash.sha256.digest(CanonicalJSON.encode(claims.json)))
      return "verified \(strict.isEmpty ? "-" : strict) \(digest)"
    }
  }

  private static func carriers(_ item: JSONValue) throws -> [[UInt8]] {
    let names =
      ["vek", "ica", "ark"].compactMap { item[$0]?.stringValue }
      + (item["collateral"]?.objectValue?.members.compactMap { $0.value.stringValue } ?? [])
    return try names.map { try VectorStore.read("cpu/" + $0) }
  }

  @Test func everyStoredVectorGivesTheVerdictThatIsCheckedIn() async throws {
    let manifest = try VectorStore.json("cpu/manifest.json")
    var lines: [String] = []
    for item in try #require(manifest["cases"]?.arrayValue) {
      let id = try #require(item["id"]?.stringValue)
      guard let file = item["quote"]?.stringValue ?? item["report"]?.stringValue else { continue }
      let bytes = try VectorStore.read("cpu/" + file)
      guard let parsed = try? UnverifiedEvidence.detect(bytes: bytes) else {
        lines.append("\(id) unread")
        continue
      }
      let time = Timestamp(seconds: item["verification_time"]?.integer(Int64.self) ?? 1_767_225_600)
      var (digest, blobs) = try Self.bundle(bytes, parsed, try Self.carriers(item), at: time)
      let result = try await RecordedInputs(digest, &blobs).verified(under: ReferenceValues(quorum: nil))
      lines.append("\(id) \(Self.verdict(result))")
      // What the proof rests on is enough to make it again.
      guard case .success(let claims) = result else { continue }
      (digest, blobs) = try Self.bundle(bytes, parsed, claims.basis.artefacts.map(\.bytes), at: time)
      #expect(try await RecordedInputs(digest, &blobs).verified(under: ReferenceValues(quorum: nil)) == result, "\(id)")
    }
    #expect(lines.count >= 60)
    #expect(try Golden.differences("records/vectors.txt", found: lines) == [])
  }
}
