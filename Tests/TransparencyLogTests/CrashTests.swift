import Glibc
import HostileDisk
import Testing
import TransparencyLog

struct CrashTests {
  /// How many histories to run; `VOUCHSAFE_CRASH_HISTORIES` asks for more.
  private static let histories: UInt64 = {
    guard let asked = unsafe getenv("VOUCHSAFE_CRASH_HISTORIES") else { return 1200 }
    return UInt64(unsafe String(cString: asked)) ?? 1200
  }()

  @Test func nothingReleasedIsEverLost() async throws {
    let signer = try logSigner()
    var released = 0
    for seed in 0..<Self.histories {
      var history = CrashHistory(seed: seed, weather: seed % 3 == 0 ? .betweenRenames : .mixed, signer: signer)
      let violation = await history.run()
      #expect(violation == nil, "seed \(seed)")
      released += history.releasedCount
    }
    #expect(released > Int(Self.histories) * 10)
  }

  /// A promise of the disk that is broken must show, or the test above proves nothing.
  @Test(arguments: CrashFS.Fault.allCases.filter { $0 != .none && $0 != .noBlobSync })
  func aBrokenPromiseIsNoticed(_ fault: CrashFS.Fault) async throws {
    let signer = try logSigner()
    let weather: CrashHistory.Weather = fault == .noFirstDirectorySync ? .betweenRenames : .mixed
    for seed in 0..<UInt64(3000) {
      var history = CrashHistory(seed: seed, weather: weather, fault: fault, signer: signer)
      if await history.run() != nil { return }
    }
    Issue.record("nobody noticed \(fault)")
  }
}
