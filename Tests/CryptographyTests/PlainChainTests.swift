import Bytes
import TestSupport
import Testing

@testable import Cryptography

/// What is read here without libcrypto is nothing that libcrypto would refuse, and says the same.
@Suite struct PlainChainTests {
  private let world = PlainWorld()

  private func changed(_ change: (inout PlainWorld) -> Void) -> PlainWorld {
    var copy = world
    change(&copy)
    return copy
  }

  @Test func theUsualChainIsPlainAndComesOutTheSame() throws {
    let verdicts = world.verdicts()
    let plain = try #require(verdicts.plain)
    #expect(plain == verdicts.library)
    #expect(plain.path.count == 2)
    #expect(plain.revocationLists.map(\.der).count == 2)
    let revoking = changed { $0.middleList.entries = [PlainWorld.entry([0x12], reason: 1), PlainWorld.entry([0x13])] }
    #expect(revoking.verdicts().plain != nil)
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realCertificatesAndListsArePlain() throws {
    for path in [
      "collateral/pck_platform_ca.der", "collateral/tcb_signing_2025-2032.der", "roots/intel_sgx_root_ca.der",
    ] {
      let der = try VectorStore.read("cpu/\(path)")
      #expect(try Certificate(der: der).plain != nil, "\(path)")
      expectSame(der)
    }
    for path in ["crl_platform_20250619_e583e9.der", "crl_root_20250320_ad6f3f.der"] {
      let der = try VectorStore.read("cpu/collateral/\(path)")
      let (own, theirs) = (try CertificateRevocationList(der: der), try CertificateRevocationList(der: der, plain: nil))
      #expect(own.plain != nil)
      #expect(own.revokedSerials == theirs.revokedSerials)
    }
  }

  /// Every field, as far as both can be read.
  private func expectSame(_ der: [UInt8]) {
    guard let plain = PlainCertificate(der), let own = try? Certificate(der: der, plain: plain) else { return }
    guard let theirs = try? Certificate(der: der, plain: nil) else {
      Issue.record("libcrypto cannot read what is plain")
      return
    }
    #expect(own.subject == theirs.subject && own.issuer == theirs.issuer && own.version == theirs.version)
    #expect(own.serialNumber == theirs.serialNumber && own.subjectPublicKeyInfo == theirs.subjectPublicKeyInfo)
    #expect(own.notBefore == theirs.notBefore && own.notAfter == theirs.notAfter && own.isCA == theirs.isCA)
    #expect(own.signatureAlgorithm == theirs.signatureAlgorithm && own.publicKey == theirs.publicKey)
    for oid in ["2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.35", "1.2.840.113741.1.13.1", "1.2.3"] {
      #expect(own.extensionValues(oid) == theirs.extensionValues(oid))
    }
    if let role = plain.role { #expect(own.isCA == (role == .authority)) }
  }

  @Test func everyChangedByteIsReadTheSameOrNotPlain() {
    var plainCount = 0
    for der in world.certificates {
      for (index, value) in der.enumerated() {
        for change in [value ^ 1, value ^ 0x20, value ^ 0x80, 0, 0xFF] as Set where change != value {
          var bytes = der
          bytes[index] = change
          if PlainCertificate(bytes) != nil { plainCount += 1 }
          expectSame(bytes)
        }
        #expect(PlainCertificate(Array(der[..<index])) == nil)
      }
      #expect(PlainCertificate(der + [0]) == nil)
    }
    #expect(plainCount > 500)
  }

  @Test func everyChangedByteOfAListIsReadTheSameOrNotPlain() {
    let full = changed { $0.middleList.entries = [PlainWorld.entry([0x12], reason: 1), PlainWorld.entry([0x81])] }
    let list = full.lists[0]
    for (index, value) in list.enumerated() {
      for change in [value ^ 1, value ^ 0x20, value ^ 0x80, 0, 0xFF] as Set where change != value {
        var bytes = list
        bytes[index] = change
        guard let plain = PlainRevocationList(bytes), let own = try? CertificateRevocationList(der: bytes, plain: plain)
        else { continue }
        guard let theirs = try? CertificateRevocationList(der: bytes, plain: nil) else {
          Issue.record("libcrypto cannot read what is plain: byte \(index)")
          continue
        }
        #expect(own.issuer == theirs.issuer && own.number == theirs.number)
        #expect(own.thisUpdate == theirs.thisUpdate && own.nextUpdate == theirs.nextUpdate)
        #expect(own.revokedSerials == theirs.revokedSerials && own.signatureAlgorithm == theirs.signatureAlgorithm)
      }
    }
  }

  @Test func datesHoldToTheSecond() {
    for seconds: Int64 in [1_735_689_599, 1_735_689_600, 1_798_761_599, 1_798_761_600] {
      let verdicts = world.verdicts(at: Timestamp(seconds: seconds))
      #expect((verdicts.plain == nil) == (verdicts.library == nil), "\(seconds)")
    }
  }
}
