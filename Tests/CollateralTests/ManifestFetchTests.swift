import Bytes
import Cryptography
import TestSupport
import Testing
import Verification

@testable import Collateral

/// NVIDIA's manifests: how they are named, asked for and answered.
struct ManifestFetchTests {
  private static let id = "NV_GPU_DRIVER_GH100_550.90.07"

  private func key(_ id: String = id) throws -> CollateralKey { .nvidiaManifest(try #require(ManifestID(id))) }

  @Test func anIdIsWhatMayStandInAPath() {
    for text in [Self.id, "NV_GPU_VBIOS_1010_0200_882_96009F0001", "NV_SWITCH_BIOS_5612_0002_890_9610550001"] {
      #expect(ManifestID(text)?.text == text)
    }
    for text in [
      "", "NV_", "GPU", "NV_/../x", "NV_a..b", "NV_a b", "NV_\u{e9}", "NV_" + String(repeating: "A", count: 94),
    ] {
      #expect(ManifestID(text) == nil, "\(text)")
    }
  }

  @Test func itsKeyHasOneTextAndOneFile() throws {
    let key = try key()
    #expect(key.text == "nvidia/rim/\(Self.id)")
    #expect(try CollateralKey(text: key.text) == key)
    let url = VendorEndpoints.vendors.request(for: key).url
    #expect(url == "https://rim.attestation.nvidia.com/v1/rim/\(Self.id)")
  }

  @Test func aManifestAnswersTheIdOfItsVersion() throws {
    let driver = CollateralSubject.nvidiaManifest(product: "GH100", edition: "GPU", version: "550.90.07")
    let firmware = CollateralSubject.nvidiaManifest(product: "GH100", edition: "GPU", version: "96.00.9f.00.01")
    let fabric = CollateralSubject.nvidiaManifest(product: "LS10", edition: "SWITCH", version: "96.10.55.00.01")
    #expect(try key().isAnswered(by: driver) && !(try key().isAnswered(by: firmware)))
    #expect(!(try key("NV_GPU_DRIVER_GH100_550.90.08").isAnswered(by: driver)))
    #expect(try key("NV_GPU_VBIOS_1010_0200_882_96009F0001").isAnswered(by: firmware))
    #expect(!(try key("NV_GPU_VBIOS_1010_0200_882_96009F0002").isAnswered(by: firmware)))
    #expect(try key("NV_SWITCH_BIOS_5612_0002_890_9610550001").isAnswered(by: fabric))
    #expect(CollateralKey(driver) == (try key()))
    #expect(CollateralKey(fabric) == (try key("NV_SWITCH_BIOS_5612_0002_890_9610550001")))
    // Firmware does not say for which board it is.
    #expect(CollateralKey(firmware) == nil)
  }

  @Test(.enabled(if: VectorStore.isPresent)) func aRealManifestIsTakenFromTheServicesAnswerAndProved() throws {
    let manifest = try VectorStore.read("gpu/rim/google/NV_GPU_DRIVER_GH100_550.90.07.xml")
    let request = VendorEndpoints.vendors.request(for: try key())
    func answer(_ edit: (inout JSONObject) -> Void = { _ in }) -> VendorResponse {
      var object = JSONObject([
        ("id", .string(Self.id)), ("rim", .string(Base64.encode(manifest))),
        ("sha256", .string(Hex.encode(Hash.sha256.digest(manifest)))), ("rim_format", "TCG"), ("request_id", "x"),
      ])
      edit(&object)
      return VendorResponse(status: 200, body: CanonicalJSON.encode(.object(object)))
    }
    let now = try Timestamp(rfc3339: "2025-10-24T12:00:00Z")
    let record = try answer().record(for: request, at: now)
    #expect(record.body == manifest)
    var shelf = CollateralShelf(anchors: .builtIn)
    #expect(try shelf.take(record, at: now) == .added)
    #expect(throws: CollateralFault.self) { try shelf.take(record, at: Timestamp(rfc3339: "2026-06-02T00:00:00Z")) }
    #expect(throws: CollateralFault.unreadable("its digest does not fit")) {
      try answer { $0["sha256"] = .string(String(repeating: "0", count: 64)) }.record(for: request, at: now)
    }
    #expect(throws: CollateralFault.notWhatWasAsked) {
      try answer { $0["id"] = "NV_GPU_DRIVER_GH100_550.90.08" }.record(for: request, at: now)
    }
    #expect(throws: CollateralFault.unreadable("no manifest")) {
      try VendorResponse(status: 200, body: manifest).record(for: request, at: now)
    }
    let other = VendorEndpoints.vendors.request(for: try key("NV_GPU_DRIVER_GH100_550.90.08"))
    #expect(throws: CollateralFault.notWhatWasAsked) {
      try answer { $0["id"] = "NV_GPU_DRIVER_GH100_550.90.08" }.record(for: other, at: now)
    }
  }
}
