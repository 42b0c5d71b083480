import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

// Every status that Intel can give, of every part, and together.
extension EvidenceNegatives {
  private static let worse = [
    "UpToDate": "OutOfDate", "SWHardeningNeeded": "OutOfDate", "ConfigurationNeeded": "OutOfDateConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded": "OutOfDateConfigurationNeeded", "OutOfDate": "OutOfDate",
    "OutOfDateConfigurationNeeded": "OutOfDateConfigurationNeeded", "Revoked": "Revoked",
  ]
  private static let parts = ["UpToDate", "OutOfDate", "Revoked"]

  /// The status of the whole by Intel's rule, written down once more.
  private static func converged(_ platform: String, _ others: [String]) -> String {
    others.reduce(platform) { status, other in
      if status == "Revoked" || other == "Revoked" { return "Revoked" }
      return other == "OutOfDate" ? worse[status] ?? "" : status
    }
  }

  private func status(_ guest: SimulatedTDX) -> String? {
    let evidence = try? UnverifiedEvidence.parse(tee: .tdx, kbsJSON: guest.kbsEvidence(reportData: sessionData))
    guard let evidence else { return nil }
    let result = verify(
      evidence, with: guest.collateral.endorsements(), binding: Binding(reportData: sessionData),
      anchors: simulatedAnchors, at: now)
    return (try? result.get())?.tdx?.tcb.status.rawValue
  }

  @Test func n16EveryStatusOfEveryPart() {
    var count = 0
    for platform in Self.worse.keys.sorted() {
      for module in Self.parts {
        for enclave in Self.parts {
          let guest = with(SimulatedTDX.current()) {
            $0.collateral.tcbInfo.levels[0].verdict.status = platform
            $0.collateral.tcbInfo.modules[1].levels[0].verdict.status = module
            $0.collateral.qeIdentity.levels[0].verdict.status = enclave
          }
          let wanted = Self.converged(platform, [module, enclave])
          #expect(status(guest) == wanted, "\(platform), \(module), \(enclave)")
          #expect(guest.judged()?.code == (wanted == "UpToDate" ? nil : .tcbNotUpToDate))
          count += 1
        }
      }
    }
    #expect(count == 63)
    for status in ["", "uptodate", "UpToDate ", "TDRelaunchAdvised", "NotSupported", "Unknown"] {
      let guest = with(SimulatedTDX.current()) { $0.collateral.tcbInfo.levels[0].verdict.status = status }
      #expect(guest.judged()?.code == .collateralMalformed, "\(status)")
    }
  }

  /// Every SVN one below the best level's leads to the next level or to none, never to the best.
  @Test func n16NoSVNBelowItsLevelIsUpToDate() {
    let best = SimulatedTDX.current().collateral.tcbInfo.levels[0]
    var guests: [(String, SimulatedTDX)] = []
    for index in 0..<16 where best.sgx[index] > 0 {
      guests.append(
        ("SGX \(index)", with(SimulatedTDX.current()) { $0.platform.components[index] = UInt8(best.sgx[index] - 1) }))
    }
    for index in 2..<16 where best.tdx[index] > 0 {
      guests.append(("TDX \(index)", with(SimulatedTDX.current()) { $0.teeTCBSVN[index] = UInt8(best.tdx[index] - 1) }))
    }
    guests.append(("PCESVN", with(SimulatedTDX.current()) { $0.platform.pceSVN = best.pceSVN - 1 }))
    guests.append(("module", with(SimulatedTDX.current()) { $0.teeTCBSVN[0] = 5 }))
    guests.append(("module of version 0", with(SimulatedTDX.current()) { ($0.teeTCBSVN[0], $0.teeTCBSVN[1]) = (4, 0) }))
    guests.append(("enclave", with(SimulatedTDX.current()) { $0.qeReport.isvSVN = 3 }))
    for (name, guest) in guests { #expect(guest.judged()?.code == .tcbNotUpToDate, "\(name)") }
    #expect(guests.count == 12)
    // With a module of its own the first two components are the module's business; above a level is as good as at it.
    #expect(with(SimulatedTDX.current()) { $0.teeTCBSVN = [7, 1, 255] + $0.teeTCBSVN.dropFirst(3) }.judged() == nil)
    #expect(with(SimulatedTDX.current()) { ($0.teeTCBSVN[0], $0.teeTCBSVN[1]) = (5, 0) }.judged() == nil)
  }

  /// Launched under old firmware, running under new: the launch counts, and says so.
  @Test func n16ARelaunchIsAdvised() {
    let statuses: [(launch: [UInt8], now: [UInt8], configuration: Bool, wanted: String)] = [
      ([6, 1, 8], [6, 1, 8], false, "UpToDate"), ([6, 1, 8], [7, 1, 9], false, "UpToDate"),
      ([4, 1, 8], [6, 1, 8], false, "TDRelaunchAdvised"), ([6, 1, 7], [6, 1, 8], false, "TDRelaunchAdvised"),
      ([4, 1, 8], [6, 1, 8], true, "TDRelaunchAdvisedConfigurationNeeded"),
      ([4, 1, 8], [4, 1, 8], false, "OutOfDate"),
      ([4, 1, 7], [4, 1, 8], false, "OutOfDate"), ([1, 1, 8], [6, 1, 8], false, "NotSupported"),
      ([6, 1, 5], [6, 1, 8], false, "Revoked"),
    ]
    for item in statuses {
      let guest = with(SimulatedTDX.current()) {
        $0.useVersion5()
        $0.teeTCBSVN = item.launch + [UInt8](repeating: 0, count: 13)
        $0.teeTCBSVN2 = item.now + [UInt8](repeating: 0, count: 13)
        if item.configuration { $0.collateral.tcbInfo.levels[0].verdict.status = "ConfigurationNeeded" }
        // The lowest level, for the microcode that is revoked.
        $0.collateral.tcbInfo.levels[2].pceSVN = 11
      }
      #expect(status(guest) == item.wanted, "\(item)")
      #expect(guest.judged()?.code == (item.wanted == "UpToDate" ? nil : .tcbNotUpToDate))
    }
    let unknown = with(SimulatedTDX.current()) {
      $0.useVersion5()
      $0.teeTCBSVN2 = [6, 9, 8] + [UInt8](repeating: 0, count: 13)
    }
    #expect(unknown.judged()?.code == .moduleMismatch)
  }
}
