import Glibc
import Testing
import TransparencyLog

struct CrashTests {
  /// How many histories to run; `VOUCHSAFE_CRASH_HISTORIES` asks for more.
  private static let histories: UInt64 = {
    guard let asked = unsafe getenv("VOUCHSAFE_CRASH_HISTORIES") else { return 3000 }
    return UInt64(unsafe String(cString: asked)) ?? 3000
  }()

  @Test func nothingReleasedIsEverLost() throws {
    let signer = try logSigner()
    var released = 0
    for seed in 0..<Self.histories {
      var history = CrashHistory(seed: seed, signer: signer)
      let violation = history.run()
      #expect(violation == nil, "seed \(seed)")
      released += history.releasedCount
    }
    #expect(released > Int(Self.histories) * 10)
  }

  /// A promise of the disk that is broken must show, or the test above proves nothing.
  @Test(arguments: CrashFS.Fault.allCases.filter { $0 != .none })
  func aBrokenPromiseIsNoticed(_ fault: CrashFS.Fault) throws {
    let signer = try logSigner()
    let noticed = (0..<UInt64(20_000)).contains { seed in
      var history = CrashHistory(seed: seed, fault: fault, signer: signer)
      return history.run() != nil
    }
    #expect(noticed)
  }
}
