import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

// Layouts, texts and extensions that are almost right.
extension EvidenceNegatives {
  @Test func n18SizesAndTypes() {
    var count = 0
    func expect(_ name: String, _ edit: (inout SimulatedTDX) -> Void) {
      count += 1
      let forged = with(.current(), edit)
      let (code, quote) = (forged.judged()?.code, forged.quote(reportData: sessionData))
      #expect(
        code != nil && code == QuoteOracle(original: quote).code(quote), "\(name): \(code?.rawValue ?? "accepted")")
    }
    for version: UInt16 in [0, 1, 2, 3, 6, 7, .max] { expect("version \(version)") { $0.version = version } }
    for type: UInt16 in [0, 1, 3, 4, .max] { expect("key type \(type)") { $0.attestationKeyType = type } }
    for tee: UInt32 in [0, 1, 0x80, 0x82, .max] { expect("TEE \(tee)") { $0.teeType = tee } }
    for type: UInt16 in [2, 3, 4] {
      for stated: UInt16 in [0, 1, 2, 3, 4, 5, .max] where stated != type {
        for size: UInt32? in [nil, 384, 584, 648, 885] {
          expect("body \(type) stated as \(stated), \(size.map { "\($0)" } ?? "true size")") {
            $0.useVersion5()
            ($0.bodyType, $0.statedBodyType, $0.statedBodySize) = (type, stated, size)
          }
        }
      }
    }
    expect("body type 4") {
      $0.useVersion5()
      $0.bodyType = 4
    }
    for (index, wrong) in Self.wrongSizes.enumerated() {
      expect("signature size \(index)") { $0.statedSignatureSize = wrong($0.signatureSize) }
      expect("outer size \(index)") { $0.statedOuterSize = wrong($0.signatureSize - 134) }
      expect("inner size \(index)") { $0.statedInnerSize = wrong($0.innerSize) }
      expect("body size \(index)") {
        $0.useVersion5()
        $0.statedBodySize = wrong(648)
      }
    }
    for wrong: UInt16 in [0, 31, 33, 1024, 1025, .max] {
      expect("authentication size \(wrong)") { $0.statedAuthenticationSize = wrong }
    }
    #expect(count == 138)
  }

  private static var wrongSizes: [@Sendable (UInt32) -> UInt32] {
    [{ $0 + 1 }, { $0 - 1 }, { _ in 0 }, { _ in .max }, { _ in .max - 3 }, { $0 | 1 << 31 }]
  }

  @Test func n19TextsThatAreAlmostRight() {
    let edits: [(name: String, edit: @Sendable (inout SimulatedDocument) -> Void)] = [
      ("a member twice", { $0.editText = { $0 = $0.doubling("\"version\":") } }),
      ("the id twice", { $0.editText = { $0 = $0.doubling("\"id\":") } }),
      ("signature in capitals", { $0.editSignature = { $0 = $0.uppercased() } }),
      ("127 digits", { $0.editSignature = { $0.removeLast() } }),
      ("126 digits", { $0.editSignature = { $0.removeLast(2) } }),
      ("129 digits", { $0.editSignature = { $0 += "0" } }), ("130 digits", { $0.editSignature = { $0 += "00" } }),
      ("a space in the digits", { $0.editSignature = { $0 = " " + $0.dropFirst() } }),
      ("no signature", { $0.editSignature = { $0 = "" } }),
      (
        "two signatures",
        {
          $0.editDocument = {
            $0.removeLast(); $0 += ",\"signature\":\"\"}"
          }
        }
      ),
      ("the body twice", { $0.editDocument = { $0 = $0.repeatingFirstMember() } }),
      ("a byte order mark", { $0.editDocument = { $0 = "\u{FEFF}" + $0 } }),
      ("a space in the signed text", { $0.forgeText = { $0.insert(" ", at: $0.index(after: $0.startIndex)) } }),
      ("a line break in the signed text", { $0.forgeText = { $0.insert("\r\n", at: $0.index(before: $0.endIndex)) } }),
      ("text behind the document", { $0.editDocument = { $0 += "x" } }),
      ("a second document behind it", { $0.editDocument = { $0 += $0 } }),
      (
        "a comma too many",
        {
          $0.editDocument = {
            $0.removeLast(); $0 += ",}"
          }
        }
      ),
      ("a comment", { $0.editDocument = { $0 = "/**/" + $0 } }),
      ("cut", { $0.editDocument = { $0.removeLast() } }),
      ("a hundred thousand arrays", { $0.editDocument = { $0 = Self.nested($0) } }),
      ("a signed hundred thousand arrays", { $0.editText = { $0 = Self.nested($0) } }),
      ("a deep member", { $0.editText = { $0 = $0.adding("\"x\":" + Self.brackets(20)) } }),
    ]
    // What does not begin as a document does is nothing known; what reads as well as before was not signed.
    let others: [String: Refusal.Code] = [
      "a byte order mark": .collateralMissing, "a comment": .collateralMissing,
      "a space in the signed text": .collateralSignatureInvalid,
    ]
    for (name, edit) in edits {
      for part in [\SimulatedCollateral.editTCBInfo, \.editQEIdentity] {
        let code = with(SimulatedTDX.current()) { $0.collateral[keyPath: part] = edit }.judged()?.code
        #expect(code == others[name] ?? .collateralMalformed, "\(name): \(code?.rawValue ?? "accepted")")
      }
    }
  }

  private static func brackets(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  }

  private static func nested(_ text: String) -> String { text.adding("\"x\":" + brackets(100_000)) }

  @Test func n19MembersThatAreMissingOrOfAnotherKind() throws {
    let codes: Set<Refusal.Code> = [.collateralMalformed, .collateralMissing, .collateralMismatch]
    let guest = SimulatedTDX.current()
    let evidence = UnverifiedEvidence.tdx(try TDXEvidence(raw: guest.quote(reportData: sessionData)))
    let parts: [(JSONValue, WritableKeyPath<SimulatedCollateral, @Sendable (inout SimulatedDocument) -> Void>)] = [
      (guest.collateral.tcbInfo.json, \.editTCBInfo), (guest.collateral.qeIdentity.json, \.editQEIdentity),
    ]
    var tally = Tally()
    for (json, part) in parts {
      JSONMutator(json).forEach { name, text in
        guard Self.isOfAnotherForm(name) else { return }
        let document = String(decoding: text, as: UTF8.self)
        let collateral = with(guest.collateral) { $0[keyPath: part] = { $0.editText = { $0 = document } } }
        tally.add(name, judgement(evidence, with: collateral.endorsements())?.code, codes)
      }
    }
    expect(tally, atLeast: Floor.document, "signed documents of another form")
  }

  /// Labels and advisories may be absent; another number or date is Intel's to say.
  private static func isOfAnotherForm(_ name: String) -> Bool {
    let changes = ["left out", "twice", "renamed", "null", "of another type"]
    let optional = [".category", ".type", ".advisoryIDs", "dentities left out", "dentities renamed"]
    return changes.contains { name.hasSuffix($0) } && !optional.contains { name.contains($0) }
  }

  @Test func n20ToN22CertificationAndTails() {
    for type: UInt16 in 0...9 where type != 5 {
      let code: Refusal.Code = (1...4).contains(type) ? .certificatesNotEmbedded : .malformed
      #expect(with(SimulatedTDX.current()) { $0.innerType = type }.judged()?.code == code, "inner type \(type)")
    }
    for type: UInt16 in [0, 1, 2, 3, 4, 5, 7, 8, .max] {
      #expect(with(SimulatedTDX.current()) { $0.outerType = type }.judged()?.code == .malformed, "outer type \(type)")
    }
    let root = SimulatedIntel().root
    let texts: [[UInt8]] = [
      [], [0], root, Array("-----BEGIN CERTIFICATE-----".utf8), Array(repeating: 0x2D, count: 3000),
    ]
    for text in texts {
      let code = with(SimulatedTDX.current()) { $0.innerData = text }.judged()?.code
      let wanted: Refusal.Code =
        text.first == UInt8(ascii: "-") && text.count < 100 ? .certificateMalformed : .malformed
      #expect(code == wanted, "\(text.count) bytes for certificates")
    }
    let quote = SimulatedTDX.current().quote(reportData: sessionData)
    let setting = Setting(tee: .tdx, endorsements: SimulatedTDX.current().collateral.endorsements())
    for count in [1, 2, 70, 3065] {
      let zeros = [UInt8](repeating: 0, count: count)
      #expect(setting.code(quote + zeros) == nil)
      #expect(setting.code(quote + zeros.dropLast() + [1]) == .malformed)
      #expect(setting.code(quote + [0x80] + zeros) == .malformed)
    }
    #expect(setting.code(quote + [UInt8](repeating: 0, count: 1 << 16)) == .malformed)
    #expect(setting.code(quote + quote) == .malformed)
  }

  @Test func extensionsOfThePlatformStandOnceAndInOneForm() {
    typealias Edit = @Sendable (inout [SGXMember]) -> Void
    var edits: [(String, Edit)] = []
    for index in 0..<5 {
      edits.append(("member \(index) left out", { $0.remove(at: index) }))
      edits.append(("member \(index) twice", { $0.append($0[index]) }))
      edits.append(("member \(index) of another type", { $0[index].value = .boolean(true) }))
      edits.append(("member \(index) empty", { $0[index].value = .raw([0x04, 0]) }))
      edits.append(("member \(index) longer", { $0[index].value = .octets([UInt8](repeating: 0, count: 17)) }))
    }
    for index in 0..<18 {
      edits.append(("TCB \(index) left out", { $0.editTCB { $0.remove(at: index) } }))
      edits.append(("TCB \(index) twice", { $0.editTCB { $0.append($0[index]) } }))
      edits.append(("TCB \(index) negative", { $0.editTCB { $0[index].value = .raw([0x02, 1, 0x80]) } }))
      edits.append(("TCB \(index) too large", { $0.editTCB { $0[index].value = .integer(1 << 16) } }))
      edits.append(("TCB \(index) padded", { $0.editTCB { $0[index].value = .raw([0x02, 2, 0, 1]) } }))
      edits.append(("TCB \(index) renamed", { $0.editTCB { $0[index].arcs = [2, 30] } }))
    }
    edits.append(("SGX type", { $0[4].value = .enumerated(9) }))
    edits.append(("instance id", { $0[5].value = .octets([1]) }))
    edits.append(("configuration", { $0[6].value = .members([SGXMember([7, 1], .raw([0x01, 1, 0x7F]))]) }))
    for (name, edit) in edits {
      let code = with(SimulatedTDX.current()) { $0.platform.edit = edit }.judged()?.code
      #expect(code == .extensionInvalid, "\(name): \(code?.rawValue ?? "accepted")")
    }
    let twice = with(SimulatedTDX.current()) { $0.editPCK = { $0.extensions += $0.extensions } }
    let none = with(SimulatedTDX.current()) { $0.editPCK = { $0.extensions = [] } }
    let trailing = with(SimulatedTDX.current()) { $0.platform.trailing = [0] }
    for guest in [none, trailing] { #expect(guest.judged()?.code == .extensionInvalid) }
    #expect(twice.judged()?.code == .extensionInvalid)
  }
}

extension [SGXMember] {
  fileprivate mutating func editTCB(_ edit: (inout [SGXMember]) -> Void) {
    guard case .members(var list) = self[1].value else { return }
    edit(&list)
    self[1].value = .members(list)
  }
}

extension SimulatedTDX {
  fileprivate var innerSize: UInt32 { UInt32(signatureSize) - 134 - 456 - UInt32(authenticationData.count) }

  /// As it is without any knob that lies about it.
  fileprivate var signatureSize: UInt32 {
    UInt32(quote(reportData: []).count - signatureOffset)
  }
}

extension String {
  /// With the member that begins so once more in front of it.
  fileprivate func doubling(_ member: String) -> String {
    replacing(member, with: "\(member)0,\(member)", maxReplacements: 1)
  }

  /// With one more member at the end of the object.
  fileprivate func adding(_ member: String) -> String { dropLast() + "," + member + "}" }

  fileprivate func repeatingFirstMember() -> String {
    guard let cut = range(ofSignature: ",\"signature\"") else { return self }
    return "{" + self[index(after: startIndex)..<cut] + "," + self[index(after: startIndex)...]
  }

  private func range(ofSignature text: String) -> Index? { firstRange(of: text)?.lowerBound }
}
