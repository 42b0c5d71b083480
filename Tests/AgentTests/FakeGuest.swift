import Bytes
import Evidence
import Fetch
import Platform
import SimulatedTEE
import Telemetry

@testable import Agent

/// The guest of a test: a simulated TEE behind api-server-rest and behind the kernel's report directory.
final class FakeGuest: TSMFileSystem, Sendable {
  enum Mood: Sendable { case well, withoutTEE, refusing, garbled }

  private struct Report {
    var generation = 0
    var inblob: [UInt8] = []
  }

  let mood: Mood
  let resource: [UInt8]
  let additional: String
  private let simulated: SimulatedSNP
  /// What the kernel's reports are of, instead.
  let domain: SimulatedTDX?
  private let reports = Locked<[String: Report]>([:])

  init(_ mood: Mood = .well, resource: [UInt8] = [], additional: String = "", domain: SimulatedTDX? = nil) {
    self.domain = domain
    self.mood = mood
    self.resource = resource
    self.additional = additional
    simulated = SimulatedSNP()
  }

  // MARK: api-server-rest

  var exchange: Exchange {
    { (request: FetchRequest) async throws(FetchError) -> FetchResponse in try self.answer(request) }
  }

  private func answer(_ request: FetchRequest) throws(FetchError) -> FetchResponse {
    let path = request.pathAndQuery
    switch mood {
    case .refusing: return FetchResponse(status: 404, body: Array("Attestation Feature Not Enabled".utf8))
    case .garbled: return FetchResponse(status: 200, body: [0xFF])
    default: break
    }
    if path == "/info" {
      return ok(#"{"version":"0.1.0","tee":"\#(mood == .withoutTEE ? "sample" : "snp")","feature":"all"}"#)
    }
    if path == "/cdh/resource/\(FakeBroker.resource)" { return FetchResponse(status: 200, body: resource) }
    if path.hasPrefix("/aa/additional-evidence?") { return ok(additional) }
    guard path.hasPrefix("/aa/evidence?runtime_data="), path.hasSuffix("&encoding=base64"),
      let data = try? Base64.decodeURL(
        String(path.dropFirst("/aa/evidence?runtime_data=".count).dropLast("&encoding=base64".count)), "data")
    else { return FetchResponse(status: 400) }
    guard let evidence = try? SNPEvidence(raw: simulated.report(reportData: data)) else {
      return FetchResponse(status: 500)
    }
    return ok(String(decoding: CanonicalJSON.encode(evidence.kbsJSON), as: UTF8.self))
  }

  private func ok(_ text: String) -> FetchResponse { FetchResponse(status: 200, body: Array(text.utf8)) }

  // MARK: configfs-tsm

  var certificates: [CarriedCertificate] { [CarriedCertificate(kind: .vcek, der: [1, 2, 3])] }

  func makeDirectory(_ name: String) throws(PlatformError) {
    guard mood != .withoutTEE else { throw .noGuestDevice }
    reports.withLock { $0[name] = Report() }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let directory = String(name.split(separator: "/")[0])
    reports.withLock { $0[directory] = Report(generation: 1, inblob: bytes) }
  }

  func read(_ name: String) throws(PlatformError) -> [UInt8]? {
    let parts = name.split(separator: "/").map(String.init)
    guard let report = reports.withLock({ $0[parts[0]] }) else { return nil }
    switch parts[1] {
    case "generation": return Array("\(report.generation)\n".utf8)
    case "provider": return Array(domain == nil ? "sev_guest\n".utf8 : "tdx_guest\n".utf8)
    case "outblob" where mood == .garbled: return [1, 2, 3]
    case "outblob": return domain?.quote(reportData: report.inblob) ?? simulated.report(reportData: report.inblob)
    case "auxblob" where domain != nil: return []
    case "auxblob": return CarriedCertificate.writeTable(certificates)
    default: return nil
    }
  }

  func removeDirectory(_ name: String) throws(PlatformError) { reports.withLock { $0[name] = nil } }
  var openDirectories: Int { reports.withLock { $0.count } }
}
