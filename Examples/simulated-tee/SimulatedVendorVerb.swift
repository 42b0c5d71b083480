import Bytes
import Glibc
import Platform
import SimulatedTEE
import SimulatedVendors
import Terminal

/// `simulated-tee vendors`: what Intel and AMD would say about simulated hardware, and how they fail.
enum SimulatedVendorVerb {
  static let options = [
    Option("--pki", value: "DIR", "where the simulated keys lie; made, with DIR/anchors.json, when absent"),
    Option("--port", value: "N", "on 127.0.0.1; default: any that is free"),
    Option("--issued-at", value: "TIME", "date of what is signed, good for 30 days; default: an hour ago"),
    Option("--evaluation", value: "N", "evaluation number of TCB info and enclave identity"),
    Option("--pccs", "answer as a cache of Intel's service does"),
    Option("--gpu-fault", value: "NAME", "one thing wrong with what NVIDIA says, such as revoked, stale or forged"),
    Option("--status", value: "CODE", "answer everything with this status"),
    Option("--retry-after", value: "SECONDS", "with --status: when to come back"),
    Option("--manner", value: "whole|slow|silent|reset|short|noise", "how answers go out; default: whole"),
  ]

  static func run(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let port = try arguments.integer("--port", in: 0...65_535) ?? 0
    let status = try arguments.integer("--status", in: 200...599)
    let retryAfter = try arguments.integer("--retry-after", in: 0...86_400)
    let manner = try manner(arguments)
    var vendors = SimulatedVendors(
      issuedAt: try Simulator.issueDate(arguments), keys: try Simulator.keys(arguments))
    if arguments.flag("--pccs") { vendors.style = .pccs }
    if let number = try arguments.integer("--evaluation", in: 1...1_000_000) {
      vendors.collateral.tcbInfo.evaluationDataNumber = number
      vendors.collateral.qeIdentity.evaluationDataNumber = number
    }
    if let name = arguments.value("--gpu-fault") {
      guard let fault = SimulatedGPUSet.Fault(rawValue: name) else {
        let names = SimulatedGPUSet.Fault.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(.usage, "vendors: --gpu-fault is one of \(names)")
      }
      vendors.gpus.apply(fault, now: vendors.issuedAt.adding(.seconds(3600)))
    }
    let simulated = vendors
    let server = try VendorServer(port: UInt16(port)) { target, body in
      var reply = status.map { VendorReply.text($0, "simulated") } ?? simulated.reply(target, body: body)
      if let retryAfter { reply.headers.append(("Retry-After", String(retryAfter))) }
      reply.manner = manner
      return reply
    }
    try server.start()
    Console.note("SIMULATED vendors: what they sign is made up and proves nothing")
    Console.line("ready \(server.url) SIMULATED")
    while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
    return .ok
  }

  private static func manner(_ arguments: Arguments) throws(Failure) -> VendorReply.Manner {
    switch arguments.value("--manner") ?? "whole" {
    case "whole": .whole
    case "slow": .slow(.milliseconds(200))
    case "silent": .silent
    case "reset": .reset
    case "short": .short(by: 1)
    case "noise": .noise
    default: throw Failure(.usage, "vendors: --manner is whole, slow, silent, reset, short or noise")
    }
  }
}
