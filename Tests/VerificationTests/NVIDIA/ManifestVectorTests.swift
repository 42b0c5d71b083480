import Bytes
import Cryptography
import Evidence
import TestSupport
import Testing

@testable import Verification

/// Every reference manifest and every responder's answer of the vectors gets the verdict written beside it.
@Suite(.enabled(if: VectorStore.isPresent)) struct ManifestVectorTests {
  private static let day: Int64 = 86_400

  private static func files(_ prefix: String) throws -> [JSONValue] {
    let all = try #require(try VectorStore.json("gpu/manifest.json")["files"]?.arrayValue)
    return all.filter { $0["file"]?.stringValue?.hasPrefix(prefix) ?? false }
  }

  private func date(_ value: JSONValue?) throws -> Timestamp {
    try Timestamp(rfc3339: (value?.stringValue ?? "") + "T00:00:00Z")
  }

  private func proved(_ bytes: [UInt8], at time: Timestamp) -> Result<ProvedManifest, Refusal> {
    let prover = NVIDIAProver(.none, anchors: .builtIn)
    return Result { () throws(Refusal) in try prover.prove(ManifestDocument(bytes), at: .now(time)) }
  }

  @Test func everyManifestGetsItsVerdictInsideAndOutsideItsDates() throws {
    var (accepted, refused) = (0, 0)
    for item in try Self.files("rim/") {
      let name = try #require(item["file"]?.stringValue)
      let bytes = try VectorStore.read("gpu/\(name)")
      guard item["verdict"]?.stringValue?.hasPrefix("accept") ?? false else {
        refused += 1
        let time = (try? date(item["facts"]?["valid_from"]))?.adding(.seconds(5 * Self.day)) ?? NVIDIAVectorTests.inside
        let refusal = proved(bytes, at: time).refusal
        #expect(refusal != nil, "\(name)")
        #expect(refusal?.code.kind == .invalid, "\(name): \(refusal?.description ?? "")")
        continue
      }
      accepted += 1
      let (from, to) = (try date(item["facts"]?["valid_from"]), try date(item["facts"]?["valid_to"]))
      let manifest = try proved(bytes, at: from.adding(.seconds(2 * Self.day))).get().manifest
      #expect(manifest.version == item["facts"]?["version"]?.stringValue, "\(name)")
      #expect(manifest.product == item["facts"]?["product"]?.stringValue, "\(name)")
      #expect(proved(bytes, at: to.adding(.seconds(2 * Self.day))).refusal?.code == .certificateExpired, "\(name)")
      let before = from.adding(.seconds(-2 * Self.day))
      #expect(proved(bytes, at: before).refusal?.code == .certificateNotYetValid, "\(name)")
    }
    #expect(accepted == 20)
    #expect(refused == 18)
  }

  @Test func aForgedManifestFailsAtItsSignatureNotAtItsDigest() throws {
    let forged = try VectorStore.read("gpu/rim/forged/keyvalue-key.xml")
    let changed = try VectorStore.read("gpu/rim/sdk/NV_GPU_DRIVER_GH100_535.86.09_measurement_mismatch.xml")
    let wrongKey = try VectorStore.read("gpu/rim/sdk/incorrect_signature_driver_rim.xml")
    let time = Timestamp(seconds: 1_750_000_000)
    #expect(proved(forged, at: time).refusal != nil)
    #expect(proved(changed, at: time).refusal?.field == "manifest.DigestValue")
    #expect(proved(wrongKey, at: time).refusal?.field == "manifest.SignatureValue")
  }

  /// Up to the certificates, of which the carried root is nobody's word.
  @Test func noByteOfARealManifestCanBeChanged() throws {
    let bytes = try VectorStore.read("gpu/rim/google/NV_GPU_DRIVER_GH100_550.90.07.xml")
    let keyInfo = Array("<ds:KeyInfo>".utf8)
    let count = try #require(bytes.indices.first { bytes[$0...].starts(with: keyInfo) })
    for offset in stride(from: 0, to: count, by: 97) {
      for mask: UInt8 in [0x01, 0x20] {
        var changed = bytes
        changed[offset] ^= mask
        #expect(proved(changed, at: NVIDIAVectorTests.inside).refusal != nil, "byte \(offset)")
      }
    }
  }

  @Test func answersHoldForADayUnderTheIssuerTheyAreFor() throws {
    let evidence = try NVIDIAVectorTests.device("h100-550.90.07/report.dat", "h100-550.90.07/chain.pem")
    let path = try DeviceChain(pem: evidence.devices[0].certificateChain).path
    for (name, index) in [("l3", 2), ("l4", 1)] {
      let bytes = try VectorStore.read("gpu/ocsp/test_gpu_certificate_\(name)_base64encoded_ocsp_response.dat")
      guard case .answer(let answer) = CollateralArtefact.all(in: bytes).first else {
        Issue.record("\(name) is not recognised")
        continue
      }
      #expect(answer.status == .good)
      #expect(answer.isAbout(path[index], of: path[index + 1]))
      #expect(!answer.isAbout(path[index - 1], of: path[index]))
      #expect(answer.isSigned(by: path[index + 1], at: answer.thisUpdate))
      #expect(!answer.isSigned(by: path[index], at: answer.thisUpdate))
      #expect(answer.nextUpdate == answer.thisUpdate.adding(.seconds(86_400)))
      var changed = answer.der
      changed[changed.count / 2] ^= 1
      let forged = try? RevocationAnswer(der: changed)
      #expect(forged?.isSigned(by: path[index + 1], at: answer.thisUpdate) != true)
    }
  }
}
