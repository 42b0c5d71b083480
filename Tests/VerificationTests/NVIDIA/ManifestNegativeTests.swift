import Bytes
import Cryptography
import SimulatedTEE
import Testing

@testable import Verification

private let honest = SimulatedDevices.gpu.manifests[0]

private func outcome(_ bytes: [UInt8]) -> String {
  let prover = NVIDIAProver(SimulatedDevices.gpuCollateral, anchors: SimulatedDevices.anchors)
  do throws(Refusal) {
    _ = try prover.prove(ManifestDocument(bytes), at: .now(SimulatedDevices.now))
    return "proved"
  } catch { return error.code.rawValue }
}

private func outcome(_ change: (inout SimulatedManifest) -> Void) -> String {
  var manifest = honest
  change(&manifest)
  return outcome(manifest.bytes)
}

@Test func aSimulatedManifestIsProvedAsARealOneIs() {
  #expect(outcome(honest.bytes) == "proved")
  #expect(outcome { $0.arrangeChain = { Array($0.dropFirst(0)) } } == "proved")
}

@Test func theKeyIsTheFirstCertificatesAndNoOther() throws {
  let stranger = SimulatedNVIDIAKeys.stranger
  let nvidia = SimulatedNVIDIA()
  let own = nvidia.certificate(
    SimulatedNVIDIA.manifestSignerName, stranger, by: (SimulatedNVIDIA.manifestIssuerName, stranger), 7
  ).der
  let cases: [(String, String, (inout SimulatedManifest) -> Void)] = [
    ("signed again by another", "collateralSignatureInvalid", { $0.signingKey = stranger }),
    ("signed by its issuer", "collateralSignatureInvalid", { $0.signingKey = nvidia.keys.manifestIssuer }),
    (
      "a key in the document", "collateralMalformed",
      {
        $0.signingKey = stranger
        $0.editSignature = {
          $0.edit("ds:KeyInfo") { $0.children.insert(.element(SimulatedXML("ds:KeyValue")), at: 0) }
        }
      }
    ),
    (
      "a key's name in the document", "collateralMalformed",
      { $0.editSignature = { $0.edit("ds:KeyInfo") { $0.add(SimulatedXML("ds:KeyName", text: "x")) } } }
    ),
    (
      "certificates twice", "collateralMalformed",
      { $0.editSignature = { $0.edit("ds:KeyInfo") { $0.children += $0.children } } }
    ),
    (
      "a certificate of its own first", "chainInvalid",
      {
        $0.signingKey = stranger
        $0.arrangeChain = { [own] + $0 }
      }
    ),
    (
      "a certificate of its own in place of the signer's", "chainUntrusted",
      {
        $0.signingKey = stranger
        $0.arrangeChain = { [own] + $0.dropFirst() }
      }
    ),
    ("the root first", "collateralSignatureInvalid", { $0.arrangeChain = { $0.reversed() } }),
    (
      "two swapped", "chainInvalid", { $0.arrangeChain = { [$0[0], $0[2], $0[1], $0[3]] } }
    ),
    ("without its issuer", "chainInvalid", { $0.arrangeChain = { [$0[0], $0[2], $0[3]] } }),
    ("two certificates", "collateralMalformed", { $0.arrangeChain = { Array($0.prefix(2)) } }),
    ("six certificates", "collateralMalformed", { $0.arrangeChain = { $0 + $0.suffix(2) } }),
    ("without the root", "chainUntrusted", { $0.arrangeChain = { Array($0.dropLast()) } }),
    (
      "under the root of devices", "chainInvalid", { $0.arrangeChain = { $0.dropLast() + [nvidia.rootTemplate.der] } }
    ),
    ("a signer that ended", "certificateExpired", { $0.editSigner = { $0.notAfter = SimulatedDevices.now } }),
    (
      "a signer of tomorrow", "certificateNotYetValid",
      { $0.editSigner = { $0.notBefore = SimulatedDevices.now.adding(.seconds(86_400)) } }
    ),
    ("a signer that a stranger made", "chainSignatureInvalid", { $0.editSigner = { $0.forgingKey = stranger } }),
  ]
  for (name, expected, change) in cases { #expect(outcome(change) == expected, "\(name)") }
}

/// Each signed as it should be: nothing but the form is wrong.
@Test func aManifestOfAnotherFormIsRefused() {
  func signed(_ name: String, _ change: @escaping @Sendable (inout SimulatedXML) -> Void) -> (String, String) {
    (name, outcome { $0.editBody = change })
  }
  let cases = [
    signed("two payloads") { body in
      guard case .element(let payload) = body.children[5] else { return }
      body.add(payload)
    },
    signed("no payload") { $0.remove("ns0:Payload") },
    signed("two Metas") { body in
      guard case .element(let meta) = body.children[3] else { return }
      body.add(meta)
    },
    signed("another child") { $0.add(SimulatedXML("ns0:Link")) },
    signed("text between") { $0.add("x") },
    signed("another root") { $0.name = "ns2:SoftwareIdentity" },
    signed("another namespace") { $0.declarations[0].uri += "x" },
    signed("another namespace of the payload") { $0.edit("ns0:Payload") { $0.declarations.append(("ns0", "urn:x")) } },
    signed("another namespace of the hashes") { $0.declarations[2].uri = "urn:x" },
    signed("an index twice") {
      $0.edit("ns0:Resource") { if $0.attributes[1].value == "8" { $0.set("index", to: "7") } }
    },
    signed("an index of 64") {
      $0.edit("ns0:Resource") { if $0.attributes[1].value == "8" { $0.set("index", to: "64") } }
    },
    signed("an index of 08") {
      $0.edit("ns0:Resource") { if $0.attributes[1].value == "8" { $0.set("index", to: "08") } }
    },
    signed("another size") { $0.edit("ns0:Resource") { $0.set("size", to: "32") } },
    signed("another type") { $0.edit("ns0:Resource") { $0.set("type", to: "File") } },
    signed("true in lower case") { $0.edit("ns0:Resource") { $0.set("active", to: "true") } },
    signed("more alternatives than hashes") { $0.edit("ns0:Resource") { $0.set("alternatives", to: "2") } },
    signed("a short hash") { $0.edit("ns0:Resource") { $0.set("ns2:Hash0", to: "00") } },
    signed("an attribute nobody knows") { $0.edit("ns0:Resource") { $0.attributes.append(("x", "y")) } },
    signed("another manufacturer") { $0.edit("ns0:Meta") { $0.set("ns1:FirmwareManufacturerId", to: "1") } },
    signed("no version") { $0.edit("ns0:Meta") { $0.set("colloquialVersion", to: "") } },
    signed("an attribute twice") { $0.edit("ns0:Meta") { $0.attributes.append($0.attributes[0]) } },
    signed("a prefix of nothing") { $0.edit("ns0:Meta") { $0.attributes.append(("ns9:x", "y")) } },
    signed("a comment") { $0.add("<!-- -->") },
    signed("CDATA") { $0.add("<![CDATA[ ]]>") },
    signed("an instruction") { $0.add("<?x y?>") },
    signed("an entity") { $0.add("&amp;") },
    signed("a carriage return") { $0.add("\r\n") },
    signed("a tab") { $0.add("\t") },
    signed("a letter beyond ASCII") { $0.edit("ns0:Meta") { $0.set("revision", to: "é") } },
    signed("an xml attribute") { $0.attributes.append(("xml:space", "preserve")) },
  ]
  for (name, outcome) in cases { #expect(outcome == "collateralMalformed", "\(name)") }
}

@Test func aSignatureOfAnotherFormIsRefused() {
  func information(_ name: String, _ change: @escaping @Sendable (inout SimulatedXML) -> Void) -> (String, String) {
    (name, outcome { $0.editSignedInfo = change })
  }
  func after(_ name: String, _ change: @escaping @Sendable (inout SimulatedXML) -> Void) -> (String, String) {
    (name, outcome { $0.editSignature = change })
  }
  let cases = [
    information("a reference to a part") { $0.edit("ds:Reference") { $0.set("URI", to: "#x") } },
    information("a reference to nothing") { $0.edit("ds:Reference") { $0.attributes = [] } },
    information("two references") { info in
      guard let last = info.children.last else { return }
      info.children.append(last)
    },
    information("no transform") { $0.edit("ds:Transforms") { $0.children = [] } },
    information("transforms swapped") { $0.edit("ds:Transforms") { $0.children.reverse() } },
    information("another transform") { $0.edit("ds:Transforms") { $0.children.append($0.children[0]) } },
    information("canonical with comments") {
      $0.edit("ds:CanonicalizationMethod") {
        $0.set("Algorithm", to: "http://www.w3.org/2006/12/xml-c14n11#WithComments")
      }
    },
    information("SHA-256") {
      $0.edit("ds:DigestMethod") { $0.set("Algorithm", to: "http://www.w3.org/2001/04/xmlenc#sha256") }
    },
    information("a keyed hash") {
      $0.edit("ds:SignatureMethod") { $0.set("Algorithm", to: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384") }
    },
    information("a length of the hash") {
      $0.edit("ds:SignatureMethod") { $0.add(SimulatedXML("ds:HMACOutputLength", text: "0")) }
    },
    after("an object beside it") { $0.add(SimulatedXML("ds:Object", text: "x")) },
    after("no value") { $0.remove("ds:SignatureValue") },
    after("an id") { $0.attributes.append(("Id", "x")) },
    after("a short value") { $0.edit("ds:SignatureValue") { $0.children = [.text("AAAA")] } },
    after("another namespace") { $0.declarations[0].uri += "x" },
  ]
  for (name, outcome) in cases { #expect(outcome == "collateralMalformed", "\(name)") }
}

@Test func twoSignaturesAreNone() {
  let text = String(decoding: honest.bytes, as: UTF8.self)
  let start = text.firstRange(of: "<ds:Signature ")?.lowerBound ?? text.startIndex
  let end = text.firstRange(of: "</SoftwareIdentity>")?.lowerBound ?? text.endIndex
  let signature = String(text[start..<end])
  let first = text.firstIndex(of: ">").map { text.index(after: $0) } ?? text.startIndex
  let (opening, body) = (String(text[..<first]), String(text[first..<start]))
  let (before, rest, after) = (String(text[..<end]), String(text[first...]), String(text[end...]))
  let cases: [(String, String)] = [
    ("a second behind it", before + signature + after),
    ("a second before everything", opening + signature + rest),
    ("at the beginning alone", opening + signature + body + after),
    ("wrapped", "<x>" + text + "</x>"),
    ("a document behind it", text + text),
    ("a declaration of type", "<!DOCTYPE SoftwareIdentity>" + text),
    ("a declaration", "<?xml version=\"1.0\"?>" + text),
    ("single quotes", text.replacing("corpus=\"false\"", with: "corpus='false'")),
    ("a namespace undeclared", text.replacing("<ns0:Entity ", with: "<ns0:Entity xmlns=\"\" ")),
    ("a signature in the payload", text.replacing("</ns0:Payload>", with: signature + "</ns0:Payload>")),
  ]
  for (name, changed) in cases { #expect(outcome(Array(changed.utf8)) == "collateralMalformed", "\(name)") }
}

@Test func whatWasSignedCannotBeChanged() {
  let text = String(decoding: honest.bytes, as: UTF8.self)
  let changes: [(String, String, String)] = [
    ("active=\"False\"", "active=\"True\"", "collateralSignatureInvalid"),
    ("550.90.07", "550.90.08", "collateralSignatureInvalid"),
    ("<ds:DigestValue>", "<ds:DigestValue>AAAA", "collateralMalformed"),
    (" name=\"Measurement_3\"", "  name=\"Measurement_3\"", "proved"),  // not in canonical form
    ("\n    <ns0:Entity", "\n     <ns0:Entity", "collateralSignatureInvalid"),
  ]
  for (from, to, expected) in changes {
    #expect(outcome(Array(text.replacing(from, with: to, maxReplacements: 1).utf8)) == expected, "\(from)")
  }
}

/// A manifest of another thing, however well signed, is none for this device.
@Test func aManifestServesWhatItNames() {
  #expect(SimulatedDevices.outcome(ofSet: { $0.manifests[0].edition = "SWITCH" }) == "collateralMissing")
  #expect(SimulatedDevices.outcome(ofSet: { $0.manifests[0].product = "GB100" }) == "collateralMissing")
  #expect(SimulatedDevices.outcome(ofSet: { $0.manifests[1].version = "96.00.9F.00.02" }) == "collateralMissing")
  #expect(
    SimulatedDevices.outcome(ofSet: { $0.manifests[0].active[3] = $0.manifests[1].active[3] }) == "measurementConflict")
  #expect(SimulatedDevices.outcome(ofSet: { $0.manifests[0].active[25]?[0][0] ^= 1 }) == "measurementMismatch")
  let other = [UInt8](repeating: 5, count: 48)
  #expect(SimulatedDevices.outcome(ofSet: { $0.manifests[0].active[25]?.insert(other, at: 0) }) == "verified")
  #expect(
    SimulatedDevices.outcome(ofSet: { set in
      for index in set.manifests.indices { set.manifests[index].editSigner = { $0.notAfter = SimulatedDevices.now } }
    }) == "certificateExpired")
}
