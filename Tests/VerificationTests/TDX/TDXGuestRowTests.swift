import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// Rows of the table of checks on the trust domain itself: attributes, module, features, event log, platform.
@Suite struct TDXGuestRowTests {
  private let sample = SimulatedTDX.sample

  private func attributes(_ bits: UInt64...) throws -> [Refusal.Code] {
    try guest { guest in for bit in bits { guest.tdAttributes ^= 1 << bit } }.strictCodes()
  }

  @Test func t23NothingMayLookInside() throws {
    for bit: UInt64 in 0..<8 { #expect(try attributes(bit) == [.debugEnabled], "bit \(bit)") }
  }

  @Test func t24AccessToPagesTakenAwayEndsTheTD() throws {
    #expect(try attributes(28) == [.septVEEnabled])
  }

  @Test func t25ObservationMigrationAndUnknownBitsAreRefused() throws {
    #expect(try attributes(63) == [.performanceMonitored])
    #expect(try attributes(62) == [.partitioningAware])
    #expect(try attributes(29) == [.migrationAllowed])
    #expect(try attributes(17) == [.serviceTDBound])
    for bit: UInt64 in [8, 15, 18, 26, 32, 61] {
      #expect(try attributes(bit) == [.attributesUnknownBits], "bit \(bit)")
    }
    for bit: UInt64 in [16, 27, 30, 31] { #expect(try attributes(bit) == [], "bit \(bit)") }
    #expect(try attributes(0, 28, 63) == [.debugEnabled, .performanceMonitored, .septVEEnabled])
  }

  @Test func t26AServiceTDIsRefused() throws {
    for offset in [0, 47] {
      let bound = guest {
        $0.useVersion5()
        $0.mrServiceTD[offset] = 1
      }
      #expect(try bound.strictCodes() == [.serviceTDBound])
    }
  }

  @Test func t27TheModuleIsIntelsAndUnconfigured() throws {
    #expect(try guest { $0.mrSignerSEAM[47] = 1 }.refusal() == "moduleMismatch mrSignerSeam")
    #expect(try guest { $0.seamAttributes = 1 << 63 }.refusal() == "moduleMismatch seamAttributes")
    // Even where Intel's mask would let it pass, or its value ask for it.
    let masked = guest {
      $0.seamAttributes = 1
      $0.collateral.tcbInfo.modules[1].attributesMask = [UInt8](repeating: 0, count: 8)
    }
    #expect(try masked.refusal() == "moduleMismatch seamAttributes")
    let asked = guest { $0.collateral.tcbInfo.modules[1].attributes[0] = 1 }
    #expect(try asked.refusal() == "moduleMismatch seamAttributes")
  }

  @Test func t28FeaturesThatNoTDLacks() throws {
    for bit: UInt64 in 0...1 { #expect(try guest { $0.xfam ^= 1 << bit }.strictCodes() == [.featuresMissing]) }
    #expect(try guest { $0.xfam |= 1 << 40 }.strictCodes().isEmpty)
  }

  @Test func t29TheLogIsReplayedInAllRegisters() throws {
    var log = SimulatedEventLog.booted
    log.appendTagged(domain: "vouchsafe.dev", operation: "model-load", content: "sha256:0000")
    let logged = guest { $0.measure(log) }
    let states = try logged.tdxClaims().eventLog?.registers
    #expect(states == [.replayed, .replayed, .replayed, .replayed])
    for register in 0..<4 {
      #expect(try with(logged) { $0.rtmrs[register][0] ^= 1 }.refusal() == "eventLogMismatch rtmr\(register)")
    }
    #expect(try sample.tdxClaims().eventLog == nil)
  }

  @Test func t29WhatTheLogDoesNotCoverIsUnproven() throws {
    var extended = guest { $0.measure(.booted) }
    #expect(try extended.tdxClaims().eventLog?.registers.last == .untouched)
    extended.rtmrs[3] = [UInt8](repeating: 0x77, count: 48)
    let claims = try extended.tdxClaims()
    #expect(claims.eventLog?.registers == [.replayed, .replayed, .replayed, .unproven])
    #expect(try extended.verified().get().json["eventLog"]?["rtmr3"] == "unproven")
  }

  @Test func t30ThePlatformIsNamed() throws {
    let claims = try guest { $0.platform.ppid = [UInt8](1...16) }.tdxClaims()
    #expect(claims.platform.ppid == [UInt8](1...16))
  }
}
