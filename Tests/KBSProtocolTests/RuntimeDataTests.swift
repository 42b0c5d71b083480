import Bytes
import Cryptography
import KBSProtocol
import TestSupport
import Testing

struct RuntimeDataTests {
  @Test func theGeneralVectorHolds() throws {
    let value = try StrictJSON.parse(Array(#"{"b":1,"a":"test","c":{"d":"e"}}"#.utf8))
    #expect(
      Hex.encode(Hash.sha384.digest(CanonicalJSON.encode(value)))
        == "e71ce8e70d814ba6639c3612ebee0ff1f76f650f8dbb5e47157e0f3f525cd22c4597480a186427c813ca941da78870c3")
  }

  @Test func theDeviceDigestIsTheProtocols() throws {
    let data = RuntimeData(nonce: Golden.nonce, teePublicKey: try Golden.key())
    #expect(
      Hex.encode(data.digest(.device))
        == "5df727f5b46eedc3acb6516d21567b33da8b82698a23d735e42a681a93e543c4f6a7228f4a3cd75a87d008d72da63a55")
  }

  @Test func thePrimaryDigestNamesAdditionalEvidenceEvenWhenThereIsNone() throws {
    let data = RuntimeData(nonce: Golden.nonce, teePublicKey: try Golden.key())
    #expect(
      Hex.encode(data.digest(.primary))
        == "9cc798e2a3e90f3e020c6a5432959868dfa3d4d2cd49dd8c57cbbd2e437ca0f74b4ae797bb361ff02de93dfc6803ff2c")
  }

  @Test func thePrimaryDigestCoversTheAdditionalEvidenceByteForByte() throws {
    let data = RuntimeData(
      nonce: Golden.nonce, teePublicKey: try Golden.key(), additionalEvidence: Golden.additionalEvidence)
    #expect(
      Hex.encode(data.digest(.primary))
        == "6ce483eb707454033942fdf4acc49973a827402064ac63a8d90067384590357881edbbbcf5c89f3831146d5760f5ac3e")
    let spaced = RuntimeData(
      nonce: Golden.nonce, teePublicKey: try Golden.key(), additionalEvidence: Golden.additionalEvidence + " ")
    #expect(spaced.digest(.primary) != data.digest(.primary))
    #expect(spaced.digest(.device) == data.digest(.device))
  }

  @Test func aNonceWithSlashesIsNotEscaped() throws {
    let data = RuntimeData(nonce: "a/b+c=", teePublicKey: try Golden.key())
    #expect(
      String(decoding: data.encoded(.device), as: UTF8.self).hasPrefix(#"{"nonce":"a/b+c=","tee-pubkey":{"alg":"#))
  }
}

struct AttestationMessageTests {
  private func parse(_ value: JSONValue, _ version: ProtocolVersion = .v0_4_0) throws -> AttestationMessage {
    try AttestationMessage(parsing: Golden.bytes(value), version: version)
  }

  @Test func theBodyOfAStockClientIsReadAndBound() throws {
    let message = try parse(Golden.attestation(additional: .string(Golden.additionalEvidence)))
    #expect(message.initData == nil)
    #expect(message.primaryEvidence == ["quote": "AA=="])
    #expect(message.additionalEvidence == Golden.additionalEvidence)
    #expect(
      Hex.encode(try message.primaryDigest(answering: Golden.nonce)).hasPrefix("6ce483eb707454033942fdf4acc49973"))
    let devices = try message.additionalDevices()
    #expect(devices.map(\.tee) == [.sampleDevice])
    #expect(devices.first?.evidence["svn"] == "2")
  }

  @Test func whatIsWrittenReadsBackEqual() throws {
    let data = RuntimeData(nonce: Golden.nonce, teePublicKey: try Golden.key(), additionalEvidence: "{}")
    let message = AttestationMessage(
      runtimeData: data, primaryEvidence: ["report": [1, 2]], initData: try InitData(toml: Golden.initData))
    #expect(try AttestationMessage(parsing: message.encoded(), version: .v0_4_0) == message)
    #expect(
      String(decoding: message.encoded(), as: UTF8.self).hasPrefix(#"{"init-data":{"format":"toml","body":"version"#))
  }

  @Test func anotherNonceIsRefused() throws {
    let message = try parse(Golden.attestation())
    #expect(throws: KBSProtocolError.nonceMismatch) { try message.runtimeData(answering: "another") }
    #expect(throws: KBSProtocolError.nonceMismatch) { try message.primaryDigest(answering: Golden.nonce + " ") }
    // Same bytes, other text: nonces are text and are never decoded.
    let kelvin = try parse(Golden.attestation(nonce: "\u{212A}"))
    #expect(throws: KBSProtocolError.nonceMismatch) { try kelvin.runtimeData(answering: "K") }
  }

  @Test func theFlatBodyOf020IsReadInItsOwnSessionsOnly() throws {
    let flat: JSONValue = .object([("tee-pubkey", Golden.keyJSON), ("tee-evidence", ["report": 1])])
    let message = try parse(flat, .v0_2_0)
    let device = RuntimeData(nonce: Golden.nonce, teePublicKey: try Golden.key()).digest(.device)
    #expect(try message.primaryDigest(answering: Golden.nonce) == device)
    #expect(try message.additionalDevices().isEmpty)
    #expect(try AttestationMessage(parsing: message.encoded(), version: .v0_2_0) == message)
    #expect(throws: KBSProtocolError.malformed(ParseError("attestation.runtime-data", .missing))) {
      try parse(flat, .v0_4_0)
    }
    #expect(throws: KBSProtocolError.malformed(ParseError("attestation.runtime-data", .unexpected))) {
      try parse(Golden.attestation(), .v0_2_0)
    }
  }

  @Test func aKeyWithMoreThanItsMembersIsRefused() {
    for extra in ["kid", "use", "d", "x5c"] {
      var key = Golden.keyJSON.objectValue ?? JSONObject()
      key[extra] = "value"
      #expect(throws: KBSProtocolError.badTEEKey) { try parse(Golden.attestation(key: .object(key))) }
    }
    let off: JSONValue = .object([
      ("kty", "EC"), ("crv", "P-256"), ("alg", "ECDH-ES+A256KW"), ("x", .string(Golden.x)), ("y", .string(Golden.x)),
    ])
    #expect(throws: KBSProtocolError.badTEEKey) { try parse(Golden.attestation(key: off)) }
  }

  @Test func aDoubledMemberAnywhereIsRefused() {
    let text = String(decoding: Golden.bytes(Golden.attestation()), as: UTF8.self)
    for (member, twice) in [
      (#""nonce":"#, #""nonce":"x","nonce":"#), (#""tee-pubkey":"#, #""tee-pubkey":{},"tee-pubkey":"#),
      (#""primary_evidence":"#, #""primary_evidence":1,"primary_evidence":"#), (#""x":"#, #""x":"AA","x":"#),
    ] {
      let doubled = text.replacing(member, with: twice)
      #expect(doubled != text)
      #expect(throws: KBSProtocolError.self) {
        try AttestationMessage(parsing: Array(doubled.utf8), version: .v0_4_0)
      }
    }
  }

  @Test func everyMemberIsNeededAndTyped() {
    let body = Golden.attestation().objectValue ?? JSONObject()
    for member in ["runtime-data", "tee-evidence"] {
      var without = body
      without[member] = nil
      #expect(throws: KBSProtocolError.self) { try parse(.object(without)) }
    }
    #expect(throws: KBSProtocolError.self) { try parse(Golden.attestation(additional: .null)) }
    #expect(throws: KBSProtocolError.self) { try parse(Golden.attestation(additional: ["nvidia": 1])) }
    #expect(throws: KBSProtocolError.self) { try parse(Golden.attestation(initData: "text")) }
    var withoutInitData = body
    withoutInitData["init-data"] = nil
    #expect(throws: Never.self) { try parse(.object(withoutInitData)) }
  }

  @Test func everyProperPrefixIsRefused() {
    let body = Golden.bytes(Golden.attestation())
    for count in 0..<body.count {
      #expect(throws: KBSProtocolError.self) {
        try AttestationMessage(parsing: Array(body[..<count]), version: .v0_4_0)
      }
    }
    #expect(throws: KBSProtocolError.self) { try AttestationMessage(parsing: body + [0x7D], version: .v0_4_0) }
  }

  @Test(arguments: [
    "[]", "x", "{", #"{"nvidia":1,"nvidia":2}"#, #"{"unheard":{}}"#, #"{"azsnpvtpm":1,"az-snp-vtpm":2}"#, "null",
  ])
  func additionalEvidenceIsAnObjectOfKnownNamesEachOnce(_ text: String) throws {
    let message = try parse(Golden.attestation(additional: .string(text)))
    #expect(throws: KBSProtocolError.self) { try message.additionalDevices() }
  }

  @Test func bodiesOverTheLimitsAreRefused() throws {
    let body = Golden.bytes(Golden.attestation())
    _ = try AttestationMessage(parsing: body, version: .v0_4_0, limits: StrictJSON.Limits(depth: 3, tokens: 40))
    for limits in [StrictJSON.Limits(depth: 2, tokens: 40), StrictJSON.Limits(depth: 3, tokens: 10)] {
      #expect(throws: KBSProtocolError.self) {
        try AttestationMessage(parsing: body, version: .v0_4_0, limits: limits)
      }
    }
  }
}
