import Bytes
import Cryptography
import Evidence
import TestSupport
import Testing

@testable import Verification

/// Real reports under AMD's real roots. Each case is judged at its own time.
@Suite(.enabled(if: VectorStore.isPresent)) struct VectorTests {
  struct Case {
    let id: String
    let report: [UInt8]
    let endorsements: Endorsements
    let time: Timestamp
    let isAccepted: Bool
    let measurement: String
  }

  static func cases() throws -> [Case] {
    let manifest = try VectorStore.json("cpu/manifest.json")
    let all = try #require(manifest["cases"]?.arrayValue)
    return try all.filter { $0["type"] == "snp-report" }.map { item in
      func file(_ key: String) throws -> [UInt8] {
        try VectorStore.read("cpu/" + (try #require(item[key]?.stringValue)))
      }
      let certificates = try ["vek", "ica", "ark"].map { try Certificate(der: try file($0)) }
      return Case(
        id: try #require(item["id"]?.stringValue), report: try file("report"),
        endorsements: Endorsements(certificates: certificates.reversed()),
        time: Timestamp(seconds: try #require(item["verification_time"]?.integer(Int64.self))),
        isAccepted: item["expect"]?["strict_policy"] == "accept",
        measurement: try #require(item["parsed"]?["measurement"]?.stringValue))
    }
  }

  @Test func everyRealReportGetsItsVerdict() throws {
    let cases = try Self.cases()
    #expect(cases.count == 18)
    for item in cases {
      let evidence = try UnverifiedEvidence.detect(bytes: item.report)
      let result = inspect(
        evidence, with: item.endorsements, reportData: nil, anchors: .builtIn, at: item.time)
      #expect(result.isVerified == item.isAccepted, "\(item.id): \(result.refusal.map(\.description) ?? "verified")")
      #expect(!result.simulated)
      if item.isAccepted { #expect(result.claims?["measurement"]?.stringValue == item.measurement) }
    }
  }

  @Test func refusedRealReportsSayWhy() throws {
    let codes: [String: (Refusal.Code, genuine: Bool)] = [
      "dev-snp-decdab949a": (.vmplNotZero, true),
      "dev-snp-decdab949a-now": (.certificateExpired, false),
      "dev-snp-05b7438a3d-wrong-chip": (.chipIDMismatch, false),
      "dev-snp-7c614616fe-invalid-legacy-vcek": (.chipIDMismatch, false),
      "dev-snp-fc4e656076-foreign-vcek": (.chipIDMismatch, false),
      "dev-snp-ec43daae7a-vlek-for-vcek": (.signingKeyMismatch, false),
    ]
    for item in try Self.cases() where !item.isAccepted {
      let result = inspect(
        try .detect(bytes: item.report), with: item.endorsements, reportData: nil, anchors: .builtIn, at: item.time)
      let refusal = try #require(result.refusal)
      #expect(refusal.code == codes[item.id]?.0, "\(item.id): \(refusal) \(result.checks)")
      #expect(refusal.genuine == codes[item.id]?.genuine, "\(item.id)")
    }
  }
}
