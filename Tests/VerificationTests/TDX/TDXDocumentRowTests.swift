import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// Rows of the table of checks on what Intel signs: TCB info and QE identity.
@Suite struct TDXDocumentRowTests {
  private let sample = SimulatedTDX.sample

  @Test func t10TheTCBInfoIsSignedAsReceived() throws {
    let forged = guest {
      $0.collateral.editTCBInfo = { $0.forgeText = { $0 = $0.replacing("\"svn\":8", with: "\"svn\":0") } }
    }
    #expect(try forged.refusal() == "collateralSignatureInvalid tcbInfo")
    let respaced = guest { $0.collateral.editTCBInfo = { $0.forgeText = { $0 = $0.replacing(",", with: ", ") } } }
    #expect(try respaced.refusal() == "collateralSignatureInvalid tcbInfo")
    // Signed with spaces in it, it is what was signed.
    let spaced = guest {
      $0.collateral.editTCBInfo = {
        $0.editText = { $0 = $0.replacing(",", with: " ,\n\t").replacing("}", with: " }") }
      }
    }
    #expect(try spaced.refusal() == nil)
    let stranger = guest { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } }
    #expect(try stranger.refusal() == "collateralSignatureInvalid tcbInfo")
  }

  @Test func t10MembersOutsideTheSignatureMeanNothing() throws {
    let smuggled = guest {
      $0.collateral.editTCBInfo = {
        $0.editDocument = { $0 = $0.replacing("{\"tcbInfo\"", with: "{\"fmspc\":\"000000000000\",\"tcbInfo\"") }
      }
    }
    #expect(try smuggled.refusal() == "collateralMalformed tcbInfo.sibling")
  }

  @Test func t11TheTCBInfoIsForTDXAndOfVersion3() throws {
    #expect(try guest { $0.collateral.tcbInfo.id = "SGX" }.refusal() == "collateralMismatch tcbInfo.id")
    for version in [2, 4] {
      let other = guest { $0.collateral.tcbInfo.version = version }
      #expect(try other.refusal() == "collateralMalformed tcbInfo.version")
    }
    #expect(try guest { $0.collateral.tcbInfo.tcbType = 1 }.refusal() == "collateralMalformed tcbInfo.tcbType")
  }

  @Test func t12TheIdentityIsSignedAndForTDs() throws {
    #expect(try guest { $0.collateral.qeIdentity.id = "QE" }.refusal() == "collateralMismatch enclaveIdentity.id")
    for version in [1, 3] {
      let other = guest { $0.collateral.qeIdentity.version = version }
      #expect(try other.refusal() == "collateralMalformed enclaveIdentity.version")
    }
    let forged = guest {
      $0.collateral.editQEIdentity = { $0.forgeText = { $0 = $0.replacing("\"isvsvn\":4", with: "\"isvsvn\":1") } }
    }
    #expect(try forged.refusal() == "collateralSignatureInvalid enclaveIdentity")
    let stranger = guest { $0.collateral.editQEIdentity = { $0.key = SimulatedIntelKeys.stranger } }
    #expect(try stranger.refusal() == "collateralSignatureInvalid enclaveIdentity")
  }

  @Test func t10AndT12TheSignerIsIntelsAndNoneOther() throws {
    // The Platform CA, which the root vouches for as well, signs documents.
    let byAuthority = guest {
      $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.shared.platformAuthority }
    }
    #expect(try byAuthority.refusal() == "collateralSignatureInvalid tcbInfo")
    let misnamed = guest { $0.collateral.signer.subject = .intel("Intel SGX PCK Certificate") }
    #expect(try misnamed.refusal() == "collateralMissing tcbInfo")
    let authority = guest { $0.collateral.signer.isAuthority = true }
    #expect(try authority.refusal() == "chainInvalid tcbSigning")
    let selfMade = guest { $0.collateral.signer.issuerKey = SimulatedIntelKeys.stranger }
    #expect(try selfMade.refusal() == "chainSignatureInvalid tcbSigning")
    let revoked = guest { $0.collateral.rootList.revokedSerials = [4] }
    #expect(try revoked.refusal() == "certificateRevoked tcbSigning")
  }

  @Test func t31DocumentsAreBounded() throws {
    func collateral(_ change: @escaping @Sendable (inout String) -> Void) throws -> String? {
      try guest { $0.collateral.editTCBInfo = { $0.editText = change } }.refusal()
    }
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"x\":\(deep),\"id\"") }
        == "collateralMalformed json")
    let nested = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"x\":\(nested),\"id\"") } == "collateralMalformed json")
    // As text inside a file, a document has its own limit.
    let body = Array("{\"id\":\"TDX\",\"x\":\(nested)}".utf8)
    let inText = IntelDocument(kind: .tcbInfo, body: body, signature: String(repeating: "00", count: 64))
    #expect(inText.content == .malformed(ParseError("json", .tooDeep, at: 31)))
    let long = String(repeating: "a", count: 1 << 20)
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"x\":\"\(long)\",\"id\"") }
        == "collateralMalformed tcbInfo")
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"id\":\"TDX\",\"id\"") }
        == "collateralMalformed json")
  }

  @Test func t31MembersThatNobodyKnowsAreSignedAndSaid() throws {
    let later = guest {
      $0.collateral.editTCBInfo = {
        $0.editText = {
          $0 = $0.replacing("{\"id\":\"TDX\"", with: "{\"later\":[1],\"id\":\"TDX\"")
            .replacing("\"pcesvn\"", with: "\"x y\":{\"z\":1},\"pcesvn\"")
            .replacing("\"isvsvn\"", with: "\"n\":0,\"isvsvn\"")
        }
      }
      $0.collateral.editQEIdentity = { $0.editText = { $0 = $0.replacing("{\"id\"", with: "{\"\\u0007\":1,\"id\"") } }
    }
    let claims = try later.tdxClaims()
    #expect(
      claims.unknownMembers == [
        "tcbInfo.later", "tcbInfo.tcbLevels.tcb.x?y", "tcbInfo.tdxModuleIdentities.tcbLevels.tcb.n",
        "enclaveIdentity.?",
      ])
    let check = try later.inspection().checks.first { $0.name == .tcbInfo }
    #expect(check?.detail.contains("passed over: later, ") == true)
    #expect(try later.verified().get().json["unknownMembers"]?.arrayValue?.count == 4)
    // Claims of documents without any are as they always were.
    #expect(try sample.verified().get().json["unknownMembers"] == nil)
  }
}
