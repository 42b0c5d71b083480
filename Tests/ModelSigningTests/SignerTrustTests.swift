import Bytes
import Cryptography
import Testing

@testable import ModelSigning

@Suite struct SignerTrustTests {
  private let signer = TestSigner()
  private let authority = SigningAuthority()

  private static let signs = SigningAuthority.entry(SigningAuthority.usage, DER.bitString([0x80], unusedBits: 7))
  private static let encrypts = SigningAuthority.entry(SigningAuthority.usage, DER.bitString([0x20], unusedBits: 5))
  private static let code = purposes(SigningAuthority.codeSigning)
  private static let server = purposes(SigningAuthority.serverAuthentication)

  private static func purposes(_ identifiers: [UInt8]...) -> [UInt8] {
    SigningAuthority.entry(SigningAuthority.purposes, DER.sequence(Array(identifiers.joined())))
  }

  private func refusal(_ extensions: [[UInt8]]) throws -> ModelSigningError? {
    let (bundle, trust) = (authority.bundle(by: signer, extensions), try authority.trust())
    do throws(ModelSigningError) {
      _ = try ModelSignature(parsing: bundle).verified(by: trust)
      return nil
    } catch {
      return error
    }
  }

  @Test func aCertificateForSignaturesOrForCodeSigns() throws {
    for extensions in [[Self.signs], [Self.code], [Self.signs, Self.code], [Self.code, Self.signs]] {
      #expect(try refusal(extensions) == nil)
    }
    let both = Self.purposes(SigningAuthority.serverAuthentication, SigningAuthority.codeSigning)
    #expect(try refusal([both]) == nil)
  }

  @Test func aCertificateForSomethingElseDoesNotSign() throws {
    for extensions in [[], [Self.server], [Self.signs, Self.server], [Self.encrypts], [Self.encrypts, Self.code]] {
      #expect(try refusal(extensions) == .usage)
    }
  }

  @Test func usageThatIsNotInItsOneFormDoesNotCount() throws {
    let identifier = SigningAuthority.codeSigning
    let wrong: [[UInt8]] = [
      DER.sequence(), DER.set(identifier), identifier, DER.sequence(identifier) + [0], [0x30, 0x81, 10] + identifier,
      DER.sequence(identifier, [0x06, 1]), DER.sequence(DER.octetString(Array(identifier.dropFirst(2)))),
      DER.sequence(identifier.dropLast() + [4]),
    ]
    for value in wrong {
      #expect(throws: ModelSigningError.self) { try permits(SigningAuthority.purposes, value) }
    }
    for value in [[0x03, 1, 0], [0x03, 2, 7, 0x80, 0], [0x04, 2, 7, 0x80], [0x03, 3, 7, 0x80]] as [[UInt8]] {
      #expect(throws: ModelSigningError.self) { try permits(SigningAuthority.usage, value) }
    }
  }

  /// What is no usage at all may be refused as a certificate already.
  private func permits(_ oid: [UInt8], _ value: [UInt8]) throws {
    if let refusal = try refusal([SigningAuthority.entry(oid, value)]) { throw refusal }
  }
}
