import Bytes
import Cryptography
import SimulatedTEE
import Testing

@testable import Verification

/// Every certificate that is asked about, by its place among the answers.
private let places = SimulatedDevices.gpu.answers.indices

@Test func everyCertificateNeedsAnAnswerThatClearsIt() {
  let day = Duration.seconds(86_400)
  let cases: [(String, String, (inout SimulatedAnswer) -> Void)] = [
    ("revoked", "certificateRevoked", { $0.status = .revoked(reason: 1) }),
    ("on hold", "certificateOnHold", { $0.status = .revoked(reason: 6) }),
    ("unknown", "certificateUnknown", { $0.status = .unknown }),
    ("yesterday's", "revocationAnswerExpired", { $0.nextUpdate = SimulatedDevices.now }),
    ("without an end", "revocationAnswerExpired", { $0.nextUpdate = nil }),
    ("tomorrow's", "revocationAnswerNotYetValid", { $0.thisUpdate = SimulatedDevices.now.adding(day) }),
    ("of a delegate for something else", "revocationAnswerInvalid", { $0.responder = .delegateWithoutPurpose }),
    ("of a delegate that ended", "revocationAnswerInvalid", { $0.responder = .expiredDelegate }),
    ("of a stranger's delegate", "revocationAnswerInvalid", { $0.responder = .stranger }),
    ("of another serial number", "collateralMissing", { $0.serial += 7 }),
    ("of another issuer", "collateralMissing", { $0.issuerKey = SimulatedNVIDIAKeys.stranger }),
    ("of the issuer itself", "verified", { $0.responder = .issuer }),
    ("with a nonce", "verified", { $0.nonce = [1, 2, 3] }),
  ]
  for (name, expected, change) in cases {
    for place in places {
      let outcome = SimulatedDevices.outcome(ofSet: { change(&$0.answers[place]) })
      #expect(outcome == expected, "\(name), answer \(place)")
    }
  }
  for place in places {
    #expect(SimulatedDevices.outcome(ofSet: { $0.answers.remove(at: place) }) == "collateralMissing")
  }
}

/// Whoever holds back the word that it was revoked cannot bring an older or a newer one in its place.
@Test func noAnswerHidesAnother() {
  for offset: Int64 in [-600, 600] {
    let outcome = SimulatedDevices.outcome(ofSet: { set in
      var other = set.answers[0]
      other.thisUpdate = other.thisUpdate.adding(.seconds(offset))
      other.status = .revoked(reason: 1)
      set.answers.append(other)
    })
    #expect(outcome == "certificateRevoked")
  }
}

@Test func aListIsAskedWhereThereIsOne() {
  func outcome(_ revoked: [UInt64]) -> String {
    var devices = SimulatedDevices()
    let gpu = devices.set.devices[0]
    var list = SimulatedRevocationList(
      issuer: SimulatedNVIDIA.provisionerName, issuerKey: gpu.authority.keys.provisioner,
      thisUpdate: SimulatedDevices.issued, nextUpdate: SimulatedDevices.now.adding(.seconds(3600)))
    list.signature = .ecdsaSHA384
    list.revokedSerials = revoked
    let answers = devices.set.answers.filter { $0.serial != gpu.serial }
    devices.endorsements = Endorsements(
      recognising: devices.set.manifests.map(\.bytes) + answers.map(\.der) + [list.der])
    return devices.outcome
  }
  #expect(outcome([]) == "verified")
  #expect(outcome([SimulatedDevices.gpu.devices[0].serial]) == "certificateRevoked")
}

@Test func noByteOfAnAnswerCanBeChanged() throws {
  let der = SimulatedDevices.gpu.answers[0].der
  let issuer = try Certificate(der: SimulatedNVIDIA().identityTemplate.der)
  let certificate = try Certificate(der: SimulatedNVIDIA().provisionerTemplate.der)
  func counts(_ bytes: [UInt8]) -> Bool {
    guard let read = try? RevocationAnswer(der: bytes) else { return false }
    return read.isSigned(by: issuer, at: SimulatedDevices.now) && read.isAbout(certificate, of: issuer)
      && read.status == .good
  }
  #expect(counts(der))
  let counted = der.indices.filter { offset in
    var changed = der
    changed[offset] ^= 0x04
    return counts(changed)
  }
  #expect(counted == [])
}
