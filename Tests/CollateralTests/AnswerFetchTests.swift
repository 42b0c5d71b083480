import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing
import Verification

@testable import Collateral

/// What responders say of NVIDIA's certificates: how they are asked, and which answers are taken.
struct AnswerFetchTests {
  private static let now = Timestamp(seconds: 1_790_000_000)
  private static let gpus = SimulatedGPUSet(count: 1, issuedAt: now.adding(.seconds(-3600)))
  private static let anchors: Anchors = {
    let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
    return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
  }()

  private func evidence() throws -> UnverifiedEvidence { .nvidia(try Self.gpus.evidence(nonce: [UInt8](0..<32))) }
  /// Of the provisioner's certificate, which the identity's key answers for.
  private func key() throws -> CollateralKey {
    let answer = try RevocationAnswer(der: Self.gpus.answers[0].der)
    return try #require(CollateralKey(.revocationAnswer(answer.certificateID)))
  }

  @Test func aDeviceNeedsItsManifestsAndAnAnswerForAllBetweenItAndTheRoot() throws {
    let keys = CollateralKey.wanted(by: try evidence()).map(\.text)
    let manifests = ["nvidia/rim/NV_GPU_DRIVER_GH100_550.90.07", "nvidia/rim/NV_GPU_VBIOS_1010_0200_882_96009F0001"]
    #expect(Array(keys.prefix(2)) == manifests)
    let answers = keys.filter { $0.hasPrefix("nvidia/ocsp/") }
    #expect(keys.count == 5 && answers.count == 3)
    #expect(keys.contains(try key().text))
    #expect(CollateralKey.issuers(in: try evidence()).count == 2)
    let manifest = try #require(Endorsements(recognising: [Self.gpus.manifests[0].bytes]).manifests.first)
    #expect(CollateralKey.wanted(by: manifest).count == 3)
    var blackwell = Self.gpus
    blackwell.devices[0].chip = "GB100"
    #expect(CollateralKey.wanted(by: .nvidia(try blackwell.evidence(nonce: [UInt8](0..<32)))).isEmpty)
  }

  @Test func itsKeyHasOneTextAndOneFile() throws {
    let key = try key()
    #expect(try CollateralKey(text: key.text) == key)
    #expect(key.text.utf8.count <= CollateralKey.textLimit && key.shortText.count < 64)
    let long = key.text + String(repeating: "11", count: 20)
    for text in ["nvidia/ocsp/00/00/01", "\(key.text)/", long] {
      #expect(throws: ParseError.self) { try CollateralKey(text: text) }
    }
  }

  @Test func theQuestionIsThatOfOCSP() throws {
    let request = VendorEndpoints.vendors.request(for: try key())
    #expect(request.url == "https://ocsp.ndis.nvidia.com")
    let plain = try #require(request.body)
    let fresh = try #require(request.asked(with: [UInt8](repeating: 7, count: 16)).body)
    #expect(plain.firstRange(of: Self.gpus.answers[0].certificateID) != nil)
    let nonce: [UInt8] = [0x04, 0x10] + [UInt8](repeating: 7, count: 16)
    #expect(fresh.firstRange(of: nonce) != nil)
    #expect(fresh.count > plain.count && plain[0] == 0x30)
    let other = VendorEndpoints.vendors.request(for: .intelRootRevocationList)
    #expect(other.asked(with: [1]) == other && other.body == nil)
  }

  private func taken(
    _ change: (inout SimulatedAnswer) -> Void = { _ in }, nonce: [UInt8] = [9], knowing known: [Certificate]? = nil,
    at now: Timestamp = Self.now
  ) -> CollateralFault? {
    var answer = Self.gpus.answers[0]
    change(&answer)
    do {
      let request = VendorEndpoints.vendors.request(for: try key()).asked(with: nonce)
      let issuers = try known ?? CollateralKey.issuers(in: evidence())
      let response = VendorResponse(status: 200, body: answer.der)
      let record = try response.record(for: request, knowing: issuers, at: now)
      var shelf = CollateralShelf(anchors: Self.anchors)
      try shelf.take(record, at: now)
      // It proves itself wherever it is kept.
      var other = CollateralShelf(anchors: Self.anchors)
      return try other.restore(record, at: now) == .added ? nil : .notFound
    } catch let fault as CollateralFault { return fault } catch { return .unexpectedStatus(0) }
  }

  @Test func anAnswerIsTakenOnceItIsProved() {
    #expect(taken() == nil)
    #expect(taken({ $0.status = .revoked(reason: 1) }) == nil)
    #expect(taken({ $0.nonce = [9] }) == nil)
    #expect(taken({ $0.nonce = [8] }) == .notWhatWasAsked)
    #expect(taken({ $0.serial += 1 }) == .notWhatWasAsked)
    #expect(taken({ $0.responder = .stranger })?.code == "revocationAnswerInvalid")
    #expect(taken({ $0.responder = .delegateWithoutPurpose })?.code == "revocationAnswerInvalid")
    #expect(taken({ $0.nextUpdate = Self.now })?.code == "revocationAnswerExpired")
    #expect(taken(knowing: [])?.code == "collateralMissing")
  }

  @Test func aResponderWithoutAnAnswerSaysSo() throws {
    let request = VendorEndpoints.vendors.request(for: try key())
    for (status, fault) in [
      (6, .notFound), (3, .rateLimited(retryAfter: nil)), (2, .unreadable("responder's status 2")),
    ] as [(UInt8, CollateralFault)] {
      #expect(throws: fault) {
        try VendorResponse(status: 200, body: [0x30, 0x03, 0x0A, 0x01, status]).record(for: request, at: Self.now)
      }
    }
  }

  @Test func anOlderAnswerIsAStepBack() throws {
    let request = VendorEndpoints.vendors.request(for: try key())
    let issuers = CollateralKey.issuers(in: try evidence())
    func record(_ seconds: Int64, _ status: SimulatedAnswer.Status) throws -> CollateralRecord {
      var answer = Self.gpus.answers[0]
      answer.thisUpdate = answer.thisUpdate.adding(.seconds(seconds))
      answer.status = status
      return try VendorResponse(status: 200, body: answer.der).record(for: request, knowing: issuers, at: Self.now)
    }
    var shelf = CollateralShelf(anchors: Self.anchors)
    try shelf.take(try record(60, .revoked(reason: 1)), at: Self.now)
    #expect(throws: CollateralFault.rollback) { try shelf.take(try record(0, .good), at: Self.now) }
  }

  @Test func issuersGoAlongWithAQuestion() throws {
    let issuers = CollateralKey.issuers(in: try evidence())
    let request = FetcherRequest(want: [try key()], issuers: issuers, deadline: .seconds(1))
    #expect(try FetcherRequest(parsing: request.line) == request)
    let text = String(decoding: request.line, as: UTF8.self)
    let list = try #require(text.firstRange(of: "\"issuers\":["))
    for bad in ["\"x\"", "1", "\"AA==\""] {
      var other = text
      other.replaceSubrange(list, with: "\"issuers\":[\(bad),")
      #expect(throws: ParseError.self) { try FetcherRequest(parsing: Array(other.utf8)) }
    }
  }
}
