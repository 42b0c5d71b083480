import Bytes
import Collateral
import Cryptography
import Evidence
import SimulatedTEE
import SimulatedVendors
import Testing
import Verification

@Suite struct VendorResponseTests {
  private let answers = Answers()

  @Test func everyAnswerOfAVendorBecomesTheArtefactThatWasAskedFor() throws {
    for key in Answers.all {
      let record = try answers.record(key)
      #expect(record.key == key)
      let found = CollateralArtefact.all(in: record.body)
      #expect(found.contains { key.isAnswered(by: $0.subject) }, "\(key)")
      #expect(record.source.hasPrefix("https://"))
    }
  }

  @Test func issuersComeAlongWithWhatTheySigned() throws {
    let names = try [Answers.tcbInfo, .intelPCKRevocationList(.platform), .amdCertificateChain(.milan, .vcek)]
      .map { key in CollateralArtefact.all(in: try answers.record(key).body).count }
    #expect(names == [3, 3, 2])
  }

  @Test func aCachesHexadecimalListIsRead() throws {
    var cache = Answers()
    cache.vendors.style = .pccs
    cache.endpoints = VendorEndpoints(intel: "https://pccs.example", rootList: .cache, amd: "https://kdsintf.amd.com")
    let plain = cache.response(.intelRootRevocationList)
    #expect(plain.body.allSatisfy { $0 < 0x80 })
    #expect(try cache.record(.intelRootRevocationList).body.starts(with: "-----BEGIN X509 CRL-----".utf8))
    let key = CollateralKey.intelPCKRevocationList(.platform)
    let hexadecimal = cache.response(key) { $0.body = Array(Hex.encode($0.body).utf8) }
    let record = try hexadecimal.record(for: cache.request(key), at: Answers.now)
    #expect(record.body.starts(with: "-----BEGIN X509 CRL-----".utf8))
  }

  @Test func theChainIsFoundUnderBothItsNames() throws {
    let older = answers.response(Answers.tcbInfo) { reply in
      reply.headers = reply.headers.map { ($0.name.hasPrefix("TCB") ? "SGX-" + $0.name : $0.name, $0.value) }
    }
    #expect(throws: Never.self) { try older.record(for: answers.request(Answers.tcbInfo), at: Answers.now) }
  }

  @Test func statusesAreWhatTheyMean() {
    let rows: [(Int, [(String, String)], CollateralFault)] = [
      (404, [], .notFound), (410, [], .notFound), (500, [], .serverFailed(status: 500)),
      (503, [], .serverFailed(status: 503)), (503, [("Retry-After", "5")], .rateLimited(retryAfter: .seconds(5))),
      (429, [], .rateLimited(retryAfter: nil)), (429, [("Retry-After", "17")], .rateLimited(retryAfter: .seconds(17))),
      (429, [("Retry-After", "soon")], .rateLimited(retryAfter: nil)),
      (429, [("Retry-After", "99999999999")], .rateLimited(retryAfter: nil)),
      (429, [("Retry-After", "4000000000")], .rateLimited(retryAfter: .seconds(86_400))),
      (429, [("Retry-After", "Tue, 22 Sep 2026 13:34:20 GMT")], .rateLimited(retryAfter: .seconds(60))),
      (429, [("Retry-After", "Tue, 22 Sep 2020 13:34:20 GMT")], .rateLimited(retryAfter: .zero)),
      (301, [("Location", "https://elsewhere/")], .unexpectedStatus(301)), (304, [], .unexpectedStatus(304)),
      (401, [], .unexpectedStatus(401)), (206, [], .unexpectedStatus(206)), (204, [], .unexpectedStatus(204)),
    ]
    for (status, headers, fault) in rows {
      let response = answers.response(Answers.tcbInfo) { reply in
        reply.status = status
        reply.headers += headers.map { (name: $0.0, value: $0.1) }
      }
      #expect(throws: fault, "\(status) \(headers)") {
        try response.record(for: answers.request(Answers.tcbInfo), at: Timestamp(seconds: 1_790_084_000))
      }
    }
  }

  @Test func anAnswerToAnotherQuestionIsRefused() throws {
    for asked in Answers.all {
      for other in Answers.all where other != asked {
        let response = answers.response(other)
        #expect(throws: CollateralFault.self, "\(other) for \(asked)") {
          try response.record(for: answers.request(asked), at: Answers.now)
        }
      }
    }
  }

  @Test func anotherFamilyTechnologyChipOrVersionIsRefused() {
    var other = Answers()
    other.vendors.collateral.tcbInfo.fmspc = [0, 0x90, 0x6E, 0xD5, 0, 0]
    let family = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: other.vendors.collateral.tcbInfo.fmspc)
    expect(.notWhatWasAsked, other.response(family), for: Answers.tcbInfo)
    other = Answers()
    other.vendors.collateral.tcbInfo.id = "SGX"
    expect(.notWhatWasAsked, other.response(Answers.tcbInfo), for: Answers.tcbInfo)
    other = Answers()
    other.vendors.collateral.qeIdentity.id = "QE"
    expect(.notWhatWasAsked, other.response(.intelQEIdentity(tee: .tdx)), for: .intelQEIdentity(tee: .tdx))
    var chip = Answers.chip
    chip[63] ^= 1
    expect(.notWhatWasAsked, answers.response(.amdVCEK(.milan, chipID: chip, tcb: Answers.tcb)), for: Answers.vcek)
    let lower = TCBVersion.Components(fmc: nil, bootLoader: 4, tee: 0, snp: 23, microcode: 219)
    expect(
      .notWhatWasAsked, answers.response(.amdVCEK(.milan, chipID: Answers.chip, tcb: lower)), for: Answers.vcek)
    expect(
      .notWhatWasAsked, answers.response(.amdCertificateChain(.genoa, .vcek)), for: .amdCertificateChain(.milan, .vcek))
    expect(
      .notWhatWasAsked, answers.response(.intelPCKRevocationList(.processor)),
      for: .intelPCKRevocationList(.platform))
  }

  @Test func whatIsNotInTheVendorsFormIsRefused() {
    let key = Answers.tcbInfo
    expect(.unreadable("no artefact"), answers.response(key) { $0.body = [] }, for: key)
    expect(.unreadable("no artefact"), answers.response(key) { $0.body = Array("<html>".utf8) }, for: key)
    expect(.unreadable("no artefact"), answers.response(key) { $0.body = Array("{}".utf8) }, for: key)
    expect(.unreadable("no issuer chain"), answers.response(key) { $0.headers = [] }, for: key)
    expect(
      .unreadable("two issuer chains"), answers.response(key) { $0.headers.append(("SGX-TCB-Info-Issuer-Chain", "x")) },
      for: key)
    expect(
      .unreadable("issuer chain"),
      answers.response(key) { $0.headers = [("TCB-Info-Issuer-Chain", "-----BEGIN%20CERTIFICATE-----")] }, for: key)
    expect(
      .unreadable("too long"), answers.response(key) { $0.body = [UInt8](repeating: 0x20, count: 1 << 21) }, for: key)
    let twice = answers.response(.amdCertificateChain(.milan, .vcek)) { $0.body += $0.body }
    #expect(throws: Never.self) {
      try twice.record(for: answers.request(.amdCertificateChain(.milan, .vcek)), at: Answers.now)
    }
  }

  private func expect(
    _ fault: CollateralFault, _ response: VendorResponse, for key: CollateralKey,
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: fault, sourceLocation: location) {
      try response.record(for: answers.request(key), at: Answers.now)
    }
  }
}
