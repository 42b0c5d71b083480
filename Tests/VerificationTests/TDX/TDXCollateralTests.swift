import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

@testable import Verification

/// Artefacts are recognised by what they are, in every form in which they are handed around.
@Suite struct TDXCollateralTests {
  private let sample = SimulatedTDX.sample

  private func file(_ name: String) throws -> [UInt8] {
    try #require(sample.collateral.files.first { $0.name == name }?.bytes)
  }

  private func kinds(_ bytes: [UInt8]) -> [String] {
    CollateralArtefact.all(in: bytes).map {
      switch $0 {
      case .certificate: "certificate"
      case .revocationList: "list"
      case .document(let document): document.kind.rawValue
      case .manifest: "manifest"
      case .answer: "answer"
      }
    }
  }

  private func pem(_ label: String, _ der: [UInt8]) -> String { PEM.encode(label, der) }

  private func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
      let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      return isPlain ? String(UnicodeScalar(byte)) : "%" + Hex.encode([byte]).uppercased()
    }.joined()
  }

  @Test func listsAndCertificatesAreRecognisedInEveryEncoding() throws {
    let (list, certificate) = (try file("root-crl.der"), try file("tcb-signing.der"))
    #expect(kinds(list) == ["list"])
    #expect(kinds(Array((Hex.encode(list) + "\n").utf8)) == ["list"])
    #expect(kinds(Array(Hex.encode(list).uppercased().utf8)) == ["list"])
    #expect(kinds(Array(pem("X509 CRL", list).utf8)) == ["list"])
    #expect(kinds(certificate) == ["certificate"])
    let chain = pem("CERTIFICATE", certificate) + pem("CERTIFICATE", try file("root.der"))
    #expect(kinds(Array(chain.utf8)) == ["certificate", "certificate"])
    #expect(kinds(Array(percentEncoded(chain).utf8)) == ["certificate", "certificate"])
    #expect(kinds(Array("some words".utf8)).isEmpty && kinds([]).isEmpty && kinds([0x30]).isEmpty)
    #expect(kinds(list + [0]).isEmpty)
  }

  @Test func bodiesAsServedAreRecognised() throws {
    #expect(kinds(try file("tcb-info.json")) == ["tcbInfo"])
    #expect(kinds(Array("\r\n".utf8) + (try file("qe-identity.json"))) == ["enclaveIdentity"])
    for name in ["tcb-info.json", "qe-identity.json"] {
      let served = try file(name)
      guard case .document(let document) = CollateralArtefact.all(in: served).first else { continue }
      #expect(CollateralArtefact.all(in: document.pcsBytes) == [.document(document)])
      #expect(document.pcsBytes == served)
    }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// Body, signature and value of a document, as text.
  private func parts(_ name: String) throws -> (body: String, signature: String) {
    guard case .document(let document) = CollateralArtefact.all(in: try file(name)).first else { return ("", "") }
    return (text(document.body), Hex.encode(document.signature))
  }

  /// The shapes of tools that keep a body together with its chain.
  @Test func filesOfToolsAreRecognised() throws {
    let (info, infoSignature) = try parts("tcb-info.json")
    let (identity, identitySignature) = try parts("qe-identity.json")
    let signer = pem("CERTIFICATE", try file("tcb-signing.der")) + pem("CERTIFICATE", try file("root.der"))
    let flat = JSONValue.object([
      ("pck_crl_issuer_chain", .string(pem("CERTIFICATE", try file("pck-platform-ca.der")))),
      ("root_ca_crl", .string(Hex.encode(try file("root-crl.der")))),
      ("pck_crl", .string(Hex.encode(try file("pck-crl-platform.der")))),
      ("tcb_info_issuer_chain", .string(signer)), ("tcb_info", .string(info)),
      ("tcb_info_signature", .string(infoSignature)), ("qe_identity_issuer_chain", .string(signer)),
      ("qe_identity", .string(identity)), ("qe_identity_signature", .string(identitySignature)),
    ])
    let one = Endorsements(recognising: [CanonicalJSON.encodeInOrder(flat)])
    #expect(try sample.refusal(with: one) == nil)

    let lists = [try file("root-crl.der"), try file("pck-crl-platform.der")]
    func chained(_ body: String, _ signature: String, _ extra: (String, String)) -> [UInt8] {
      Array("{\"body\": \(body), \"signature\": \"\(signature)\", \"\(extra.0)\": ".utf8)
        + CanonicalJSON.encode(.string(extra.1)) + Array("}".utf8)
    }
    let pairs = [
      chained(info, infoSignature, ("issuerChain", signer)),
      chained(identity, identitySignature, ("issuer_chain", percentEncoded(signer))),
    ]
    #expect(try sample.refusal(with: Endorsements(recognising: lists + pairs)) == nil)

    let wrapped = [("tcb_info_json", "tcb-info.json"), ("qe_identity_json", "qe-identity.json")]
    let files = try wrapped.map { name, body in
      CanonicalJSON.encode(.object([("issuer_chain", .string(signer)), (name, .string(text(try file(body))))]))
    }
    #expect(try sample.refusal(with: Endorsements(recognising: lists + files)) == nil)
  }

  @Test func theSignedSliceIsTheMembersOwnText() throws {
    let signature = String(repeating: "00", count: 64)
    let cases = [
      (#"{"tcbInfo":{"a":"}\"{"},"signature":"S"}"#, #"{"a":"}\"{"}"#),
      (#"{"tcbInfo": {"a":[{},{}]} ,"signature":"S"}"#, #"{"a":[{},{}]}"#),
      (#"{"x":{"tcbInfo":{"b":1}},"tcb_info":{"a":"\\"},"signature":"S"}"#, #"{"a":"\\"}"#),
      (#"{"x":"tcbInfo","tcb_info":{},"signature":"S"}"#, "{}"),
      (#"{"x":",\"tcbInfo\":{\"c\":1}","tcb_info" : {"d":","},"signature":"S"}"#, #"{"d":","}"#),
    ]
    func bodies(_ document: String) -> [String] {
      Endorsements(recognising: [Array(document.replacing("S", with: signature).utf8)]).documents.map { text($0.body) }
    }
    for (document, expected) in cases { #expect(bodies(document) == [expected], "\(document)") }
    // A name in escapes is not the vendor's writing.
    #expect(bodies(#"{"tcb\u0049nfo":{},"signature":"S"}"#).isEmpty)
  }

  @Test func filesInFilesComeToAnEnd() throws {
    var nested = try file("tcb-info.json")
    for _ in 0..<2 { nested = CanonicalJSON.encode(.object([("inner", .string(text(nested)))])) }
    #expect(kinds(nested) == ["tcbInfo"])
    #expect(kinds(CanonicalJSON.encode(.object([("inner", .string(text(nested)))]))).isEmpty)
  }

  @Test(.enabled(if: VectorStore.isPresent)) func everyRealArtefactIsRecognised() throws {
    let manifest = try VectorStore.json("cpu/manifest.json")
    let cases = try #require(manifest["cases"]?.arrayValue)
    let paths = Set(cases.flatMap { $0["collateral"]?.objectValue?.members.compactMap { $0.value.stringValue } ?? [] })
    #expect(paths.count > 30)
    for path in paths {
      let artefacts = CollateralArtefact.all(in: try VectorStore.read("cpu/" + path))
      #expect(artefacts.count == 1, "\(path)")
      guard case .document(let document) = artefacts.first else { continue }
      if case .malformed(let error) = document.content { Issue.record("\(path): \(error)") }
      #expect(document.tcbInfo?.unknownMembers.isEmpty ?? true, "\(path)")
      #expect(document.identity?.unknownMembers.isEmpty ?? true, "\(path)")
    }
  }
}
