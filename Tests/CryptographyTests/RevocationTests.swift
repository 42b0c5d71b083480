import Bytes
import Cryptography
import Testing

@Suite struct RevocationTests {
  let root = MintedAuthority(anchor: "root")
  let now: Timestamp = 500_000
  let required = ChainProfile(certificateCount: 2...2, strict: true, revocation: .required)
  let whenPresent = ChainProfile(certificateCount: 2...2, strict: true, revocation: .whenPresent)
  let middle: MintedAuthority
  let leaf: Certificate

  init() throws {
    middle = try root.authority("middle") { $0.serial = [0x22] }
    leaf = try middle.leaf { $0.serial = [0x33] }
  }

  func verify(_ lists: [CertificateRevocationList], _ profile: ChainProfile) throws(ChainError) -> VerifiedChain {
    try verifyChain(
      leaf: leaf, intermediates: [middle.certificate].compactMap { $0 }, anchor: root.anchor, revocationLists: lists,
      at: now, profile: profile)
  }

  @Test func requiredListsAreEnforcedAndNamed() throws {
    let lists = [try root.list(), try middle.list()]
    let chain = try verify(lists, required)
    #expect(Set(chain.revocationLists) == Set(lists))
    #expect(lists[0].number == [7])
    #expect(lists[0].issuer.commonName == "root")
    #expect(lists[0].thisUpdate == 1_000 && lists[0].nextUpdate == 2_000_000)
  }

  @Test func aMissingListIsRefusedWhereRequired() throws {
    #expect(throws: ChainError.revocationMissing(certificate: 0)) { try verify([], required) }
    #expect(throws: ChainError.revocationMissing(certificate: 0)) { try verify([try root.list()], required) }
    #expect(throws: ChainError.revocationMissing(certificate: 1)) { try verify([try middle.list()], required) }
  }

  @Test func anIssuerWithoutAListIsLetThroughWhereListsAreOptional() throws {
    #expect(try verify([], whenPresent).revocationLists.isEmpty)
    let list = try root.list()
    #expect(try verify([list], whenPresent).revocationLists == [list])
  }

  @Test(arguments: [true, false])
  func aRevokedCertificateIsRefused(isRequired: Bool) throws {
    let profile = isRequired ? required : whenPresent
    #expect(throws: ChainError.revoked(certificate: 0)) {
      try verify([try root.list(), try middle.list(revoking: [[0x44], [0x33]])], profile)
    }
    #expect(throws: ChainError.revoked(certificate: 1)) {
      try verify([try root.list(revoking: [[0x22]]), try middle.list()], profile)
    }
    #expect(
      try verify([try root.list(revoking: [[0x33]]), try middle.list(revoking: [[0x22]])], profile).path.count == 2)
    #expect(try root.list(revoking: [[0x22], [0]]).revokedSerials == [[0x22], [0]])
  }

  @Test(arguments: [true, false])
  func aListMustBeValidAtTheTime(isRequired: Bool) throws {
    let profile = isRequired ? required : whenPresent
    #expect(throws: ChainError.revocationExpired(certificate: 0)) {
      try verify([try root.list(), try middle.list(until: 400_000)], profile)
    }
    #expect(throws: ChainError.revocationNotYetValid(certificate: 1)) {
      try verify([try root.list(from: 600_000), try middle.list()], profile)
    }
  }

  @Test func aFreshListBesideAnExpiredOneCounts() throws {
    let fresh = try middle.list()
    let chain = try verify([try root.list(), try middle.list(until: 400_000), fresh], required)
    #expect(chain.revocationLists.contains(fresh))
  }

  @Test(arguments: [true, false])
  func aListSignedByAnotherKeyIsRefused(isRequired: Bool) throws {
    let profile = isRequired ? required : whenPresent
    #expect(throws: ChainError.revocationBadSignature(certificate: 0)) {
      try verify([try root.list(), try middle.list(signedBy: .generate())], profile)
    }
  }

  @Test func aForeignListOfTheSameNameDoesNotStandIn() throws {
    let impostor = MintedAuthority(anchor: "middle")
    for profile in [required, whenPresent] {
      #expect(throws: ChainError.revocationMissing(certificate: 0)) {
        try verify([try root.list(), try impostor.list()], profile)
      }
    }
    let stranger = MintedAuthority(anchor: "stranger")
    #expect(throws: ChainError.revocationMissing(certificate: 0)) {
      try verify([try root.list(), try stranger.list()], required)
    }
    #expect(try verify([try stranger.list()], whenPresent).revocationLists.isEmpty)
  }

  @Test func anAuthorityThatMayNotSignListsCannotRevoke() throws {
    let mute = try root.authority("mute") { $0.keyUsage = [0x04] }
    let certificate = try mute.leaf()
    #expect(throws: ChainError.revocationBadSignature(certificate: 0)) {
      try verifyChain(
        leaf: certificate, intermediates: [try #require(mute.certificate)], anchor: root.anchor,
        revocationLists: [try root.list(), try mute.list()], at: now, profile: required)
    }
  }

  @Test func everyPrefixAndAnyTrailingByteIsRefused() throws {
    let der = try root.list(revoking: [[1], [2]]).der
    for count in 0..<der.count {
      #expect(throws: CertificateError.self) { try CertificateRevocationList(der: Array(der.prefix(count))) }
    }
    #expect(throws: CertificateError.malformed) { try CertificateRevocationList(der: der + [0]) }
    #expect(try CertificateRevocationList.parsePEM(Array(PEM.encode("X509 CRL", der).utf8)).map(\.der) == [der])
  }
}
