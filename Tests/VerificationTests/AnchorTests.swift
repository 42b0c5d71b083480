import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

@testable import Verification

/// What is trusted: names and keys, ours or the operator's, and never anything that came along.
@Suite struct AnchorTests {
  private let guest = SimulatedSNP(.milan)
  private let onlySimulated = Anchors(all: simulatedAnchors.all.filter(\.isSimulated))

  /// SHA-256 of the public keys as AMD's key server gives them.
  private let fingerprints = [
    "ARK-Milan": "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
    "ARK-Genoa": "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
    "ARK-Turin": "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
  ]

  @Test func theBuiltInRootsAreTheVendors() {
    #expect(Anchors.builtIn.all.map(\.tee) == [.snp, .snp, .snp, .tdx, .nvidia, .nvidia])
    let anchors = Anchors.builtIn.all.filter { $0.tee == .snp }
    #expect(Dictionary(uniqueKeysWithValues: anchors.map { ($0.name, $0.fingerprint) }) == fingerprints)
    for anchor in anchors {
      #expect(anchor.trust.isUsable)
      #expect(!anchor.isSimulated)
      #expect(DistinguishedName(der: anchor.trust.subject).commonName == anchor.name)
      #expect(anchor.name == "ARK-\(anchor.product)")
    }
    #expect(!Anchors.builtIn.hasSimulated)
    #expect(simulatedAnchors.hasSimulated)
  }

  @Test(.enabled(if: VectorStore.isPresent)) func theBuiltInRootsAreThoseOfTheCertificates() throws {
    for anchor in Anchors.builtIn.all where anchor.tee == .snp {
      let root = try Certificate(der: try VectorStore.read("cpu/roots/ark_\(anchor.product.lowercased()).der"))
      #expect(root.subject.der == anchor.trust.subject)
      #expect(root.subjectPublicKeyInfo == anchor.trust.subjectPublicKeyInfo)
    }
  }

  @Test(.enabled(if: VectorStore.isPresent)) func theRootsOfNVIDIAAreThoseOfTheCertificates() throws {
    let files = [("device", "nvidia_device_identity_ca.pem"), ("manifest", "nvidia_corim_root.pem")]
    for (product, file) in files {
      let anchor = try #require(Anchors.builtIn.all.first { $0.tee == .nvidia && $0.product == product })
      let root = try #require(try Certificate.parsePEM(try VectorStore.read("gpu/roots/\(file)")).first)
      #expect(root.subject.der == anchor.trust.subject)
      #expect(root.subjectPublicKeyInfo == anchor.trust.subjectPublicKeyInfo)
      #expect(anchor.trust.isUsable && !anchor.isSimulated)
    }
  }

  /// The key as the point X ‖ Y that Intel publishes.
  @Test func t5TheRootOfTDXIsIntels() throws {
    let anchor = try #require(Anchors.builtIn.all.first { $0.tee == .tdx })
    let point = """
      0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f567918e2edc88e40d860bd0cc4ee26aacc988e505a953558c\
      453f6b0904ae7394
      """
    #expect(Hex.encode(anchor.trust.subjectPublicKeyInfo.suffix(64)) == point)
    #expect(anchor.fingerprint == "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e")
    #expect(anchor.trust.isUsable && !anchor.isSimulated)
    #expect(DistinguishedName(der: anchor.trust.subject).commonName == anchor.name)
  }

  @Test(.enabled(if: VectorStore.isPresent)) func theRootOfTDXIsThatOfTheCertificate() throws {
    let root = try Certificate(der: try VectorStore.read("cpu/roots/intel_sgx_root_ca.der"))
    #expect(root.subject.der == IntelRoot.trust.subject)
    #expect(root.subjectPublicKeyInfo == IntelRoot.trust.subjectPublicKeyInfo)
  }

  @Test func simulatedEvidenceSaysSo() throws {
    let claims = try guest.verified(anchors: simulatedAnchors).get()
    #expect(claims.simulated)
    #expect(claims.json["simulated"] == true)
  }

  @Test func simulatedEvidenceIsNothingUnderTheVendorsRoots() throws {
    for product in SNPProduct.allCases {
      #expect(try SimulatedSNP(product).refusalCode(anchors: .builtIn) == .chainUntrusted)
    }
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realEvidenceIsNothingUnderTheSimulatorsRoots() throws {
    for item in try VectorTests.cases() where item.isAccepted {
      let evidence = try UnverifiedEvidence.detect(bytes: item.report)
      let result = inspect(
        evidence, with: item.endorsements, reportData: nil, anchors: onlySimulated, at: item.time)
      #expect(result.refusal?.code == .chainUntrusted, "\(item.id)")
    }
  }

  /// The real names on a root of one's own: only the key differs.
  @Test func aRootWithAMDsNameAndAnotherKeyIsNotAMDs() throws {
    var forged = guest
    let amd = with(SimulatedName("")) { $0.organization = "Advanced Micro Devices" }
    let askName = with(amd) { $0.commonName = "SEV-Milan" }
    forged.editVEK = {
      $0.subject = with(amd) { $0.commonName = "SEV-VCEK" }
      $0.issuer = askName
    }
    let ask = with(guest.authority.askTemplate) {
      $0.subject = askName
      $0.issuer = with(amd) { $0.commonName = "ARK-Milan" }
    }
    let milan = try #require(Anchors.builtIn.all.first { $0.product == "Milan" })
    #expect(ask.issuer.der == milan.trust.subject)
    let code = try forged.refusalCode(certificates: forged.carrying(ask: ask.der), anchors: .builtIn)
    #expect(code == .chainSignatureInvalid)
  }

  @Test func anAnchorOfAnotherProductOrTechnologyIsNotAsked() throws {
    let milan = try #require(onlySimulated.all.first { $0.product == "Milan" })
    for (tee, product) in [(TEE.tdx, "Milan"), (.snp, "Genoa"), (.snp, "milan")] {
      let moved = Anchors(all: [Anchor(tee: tee, product: product, trust: milan.trust, isSimulated: true)])
      #expect(try guest.refusalCode(anchors: moved) == .chainUntrusted)
    }
  }

  @Test func anAnchorsFileIsReadStrictly() throws {
    let file = SimulatedKeys.shared.anchorsFile
    #expect(try Anchors.parseFile(CanonicalJSON.encode(file)).count == 6)
    let first = try #require(file["anchors"]?.arrayValue?.first?.objectValue)
    func error(_ change: (inout JSONObject) -> Void) -> ParseError? {
      let changed = JSONValue.object([("anchors", .array([.object(with(first, change))]))])
      do throws(ParseError) {
        _ = try Anchors.parseFile(CanonicalJSON.encode(changed))
        return nil
      } catch { return error }
    }
    #expect(error { _ in } == nil)
    for key in first.keys { #expect(error { $0[key] = nil }?.reason == .missing) }
    #expect(error { $0["more"] = 1 }?.reason == .unknownField)
    #expect(error { $0["tee"] = "SNP" }?.reason == .unexpected)
    #expect(error { $0["spki"] = "AAAA" }?.reason == .unexpected)
    #expect(error { $0["subject"] = "*" } != nil)
    for text in ["", "{}", #"{"anchors":[]}"#, #"{"anchors":{},"x":1}"#] {
      #expect(throws: ParseError.self) { try Anchors.parseFile(Array(text.utf8)) }
    }
  }
}
