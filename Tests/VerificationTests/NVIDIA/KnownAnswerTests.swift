import Bytes
import Cryptography
import SimulatedTEE
import Testing

@testable import Verification

/// An answer that was verified before is not verified again: for whom, and when it counts, must not change by that.
struct KnownAnswerTests {
  private static let set = SimulatedDevices.gpu

  /// An answer of a responder, the certificate it is about, and who issued that.
  private func sample(_ responder: SimulatedAnswer.Responder) throws -> (answer: RevocationAnswer, issuer: Certificate)
  {
    var answer = try #require(Self.set.answers.first { $0.serial == Self.set.devices[0].serial })
    answer.responder = responder
    let issuer = try Certificate(der: Self.set.devices[0].authority.provisionerTemplate.der)
    return (try RevocationAnswer(der: answer.der), issuer)
  }

  @Test func anotherIssuerHasNotSignedWhatOneDid() throws {
    for responder in [SimulatedAnswer.Responder.delegate, .issuer] {
      let (answer, issuer) = try sample(responder)
      #expect(answer.isSigned(by: issuer, at: SimulatedDevices.now))
      #expect(answer.isSigned(by: issuer, at: SimulatedDevices.now))
      var other = Self.set.devices[0].authority.provisionerTemplate
      other.subjectPublicKeyInfo = Self.set.devices[0].authority.identityTemplate.subjectPublicKeyInfo
      let stranger = try Certificate(der: other.der)
      #expect(stranger.subject == issuer.subject)
      #expect(!answer.isSigned(by: stranger, at: SimulatedDevices.now))
      let authority = try Certificate(der: Self.set.devices[0].authority.identityTemplate.der)
      #expect(!answer.isSigned(by: authority, at: SimulatedDevices.now))
      #expect(answer.isSigned(by: issuer, at: SimulatedDevices.now))
    }
  }

  @Test func aDelegateThatWasBelievedStillEnds() throws {
    let (answer, issuer) = try sample(.delegate)
    let (past, future) = (Timestamp(seconds: 0), SimulatedDevices.now.adding(.seconds(100 * 365 * 86_400)))
    for time in [past, SimulatedDevices.now, future] {
      #expect(answer.isSigned(by: issuer, at: time) == (time == SimulatedDevices.now), "\(time.rfc3339)")
    }
    let (own, _) = try sample(.issuer)
    for time in [SimulatedDevices.now, past, future] { #expect(own.isSigned(by: issuer, at: time)) }
  }

  @Test func whatIsRefusedOnceIsRefusedAgain() throws {
    for responder in [SimulatedAnswer.Responder.delegateWithoutPurpose, .expiredDelegate, .stranger] {
      let (answer, issuer) = try sample(responder)
      for _ in 0..<2 { #expect(!answer.isSigned(by: issuer, at: SimulatedDevices.now), "\(responder)") }
    }
  }
}
