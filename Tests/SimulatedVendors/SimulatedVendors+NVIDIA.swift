import Bytes
import Cryptography
import SimulatedTEE

// NVIDIA: manifests by their ids, and what its responder says.
extension SimulatedVendors {
  func manifest(_ words: [String]) -> VendorReply {
    guard words.count == 3, words[1] == "rim", let found = gpus.manifests.first(where: { id($0) == words[2] }) else {
      return .text(404, #"{"error":"RIM_NOT_FOUND"}"#)
    }
    let bytes = found.bytes
    let answer: JSONValue = .object([
      ("id", .string(words[2])), ("rim", .string(Base64.encode(bytes))),
      ("sha256", .string(Hex.encode(Hash.sha256.digest(bytes)))), ("rim_format", "TCG"),
      ("last_updated", .string(issuedAt.rfc3339)), ("request_id", "simulated"),
    ])
    return VendorReply(headers: [("Content-Type", "application/json")], body: CanonicalJSON.encode(answer))
  }

  /// As NVIDIA names it.
  private func id(_ manifest: SimulatedManifest) -> String? {
    let packed = manifest.version.uppercased().filter { $0 != "." }
    if manifest.edition == "SWITCH" { return "NV_SWITCH_BIOS_5612_0002_890_\(packed)" }
    if manifest.version.split(separator: ".").count <= 3 {
      return "NV_GPU_DRIVER_\(manifest.product)_\(manifest.version)"
    }
    guard let gpu = gpus.devices.first(where: { $0.vbiosVersion.uppercased() == manifest.version.uppercased() }) else {
      return nil
    }
    return "NV_GPU_VBIOS_\(gpu.project)_\(gpu.projectSKU)_\(gpu.chipSKU)_\(packed)"
  }

  /// The nonce of the question is repeated; about certificates of others nothing is said.
  func answer(_ question: [UInt8]) -> VendorReply {
    guard var found = gpus.answers.first(where: { question.contains($0.certificateID) }) else {
      return Self.response([0x30, 0x03, 0x0A, 0x01, 0x06])
    }
    found.nonce = Self.nonce(in: question)
    return Self.response(found.der)
  }

  private static func response(_ body: [UInt8]) -> VendorReply {
    VendorReply(headers: [("Content-Type", "application/ocsp-response")], body: body)
  }

  /// What stands behind the extension's name: an octet string in an octet string.
  private static func nonce(in question: [UInt8]) -> [UInt8]? {
    let name: [UInt8] = [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 2]
    guard let place = question.firstRange(of: name) else { return nil }
    let value = question[place.upperBound...].dropFirst(2)
    guard let length = value.dropFirst().first else { return nil }
    return Array(value.dropFirst(2).prefix(Int(length)))
  }
}
