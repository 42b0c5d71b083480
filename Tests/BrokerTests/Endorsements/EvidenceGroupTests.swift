import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Broker

/// What a group is made from stands in the digest that it is remembered by.
@Suite struct EvidenceGroupTests {
  private func evidence(_ change: (inout SimulatedGPU) -> Void = { _ in }) throws -> UnverifiedEvidence {
    var gpu = SimulatedGPU()
    // A simulated chain is signed anew each time that it is asked for.
    gpu.arrangeChain = { _ in Self.chain }
    change(&gpu)
    let set = SimulatedGPUSet([gpu], issuedAt: Bench.start)
    return .nvidia(try NVIDIAEvidence(kbsJSON: set.kbsEvidence(nonce: [UInt8](repeating: 0, count: 32))))
  }

  private static let chain = SimulatedGPU().certificates
  private static let chipInfo: UInt16 = 35

  private func without(_ field: UInt16) throws -> UnverifiedEvidence {
    try evidence { $0.editOpaque = { $0.removeAll { $0.type == field } } }
  }

  private func saying(_ chip: String) throws -> UnverifiedEvidence {
    try evidence { $0.editOpaque = { $0.append((type: Self.chipInfo, data: Array(chip.utf8) + [0])) } }
  }

  @Test func everythingThatAGroupIsMadeFromIsInItsDigest() throws {
    let plain = try evidence()
    #expect(try EvidenceGroup.digest(of: evidence()) == EvidenceGroup.digest(of: plain))
    let others =
      try [3, 6, 15, 17, 18].map(without) + [
        try evidence { $0.driver = "550.90.08" }, try evidence { $0.vbios[4] = 2 },
        try evidence { $0.project = "1011" },
        try evidence { $0.projectSKU = "0201" }, try evidence { $0.chipSKU = "883" }, try saying("GB100"),
        try saying("GB102"),
      ]
    let digests = Set(([plain] + others).map { EvidenceGroup.digest(of: $0) })
    #expect(digests.count == others.count + 1)
    // What another chip is asked for is not what this one is.
    #expect(try EvidenceGroup(saying("GB100")).keys != EvidenceGroup(plain).keys)
  }
}
