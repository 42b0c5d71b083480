package import Bytes

/// A document of Intel's in the form in which it is served: one signed member, and the signature over exactly its bytes.
package struct SimulatedDocument: Sendable {
  /// `tcbInfo` or `enclaveIdentity`.
  package var member: String
  /// The value of the member, compact, in Intel's order.
  package var value: JSONValue
  /// PKCS #8.
  package var key: [UInt8]
  /// Changes the text of the member's value before it is signed.
  package var editText: @Sendable (inout String) -> Void = { _ in }
  /// Changes the text of the member's value after it is signed.
  package var forgeText: @Sendable (inout String) -> Void = { _ in }
  /// Changes the signature's hexadecimal text.
  package var editSignature: @Sendable (inout String) -> Void = { _ in }
  /// Changes the whole document.
  package var editDocument: @Sendable (inout String) -> Void = { _ in }

  init(_ member: String, _ value: JSONValue, key: [UInt8]) {
    self.member = member
    self.value = value
    self.key = key
  }

  package var bytes: [UInt8] {
    var text = String(decoding: CanonicalJSON.encodeInOrder(value), as: UTF8.self)
    editText(&text)
    var signature = Hex.encode(Mint.sign(Array(text.utf8), key: key))
    editSignature(&signature)
    forgeText(&text)
    var document = "{\"\(member)\":\(text),\"signature\":\"\(signature)\"}"
    editDocument(&document)
    return Array(document.utf8)
  }
}

/// How Intel judges one level, whatever it is a level of.
package struct SimulatedVerdict: Sendable {
  package var date = "2025-05-14T00:00:00Z"
  package var status = "UpToDate"
  package var advisories: [String] = []

  package init(_ status: String = "UpToDate", advisories: [String] = []) {
    self.status = status
    self.advisories = advisories
  }

  /// The members that follow `tcb`.
  var members: [(String, JSONValue)] {
    [("tcbDate", .string(date)), ("tcbStatus", .string(status))]
      + (advisories.isEmpty ? [] : [("advisoryIDs", .strings(advisories))])
  }
}

/// A level of an enclave or of the TDX module: from which SVN on it holds.
package struct SimulatedSVNLevel: Sendable {
  package var isvSVN: Int
  package var verdict: SimulatedVerdict

  package init(_ isvSVN: Int, _ verdict: SimulatedVerdict = SimulatedVerdict()) {
    self.isvSVN = isvSVN
    self.verdict = verdict
  }

  var json: JSONValue { .object([("tcb", ["isvsvn": .int(isvSVN)])] + verdict.members) }
}

enum HexText {
  /// As Intel writes it.
  static func upper(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encode(bytes).uppercased()) }
}
