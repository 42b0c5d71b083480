import Bytes

/// Intel's collateral in JSON: the bodies that PCS and PCCS send, and the files that tools make of them by adding the
/// chains of the answer's headers. Unverified.
///
/// Shapes: `{"tcbInfo":{…},"signature":"…"}`, `{"enclaveIdentity":{…},"signature":"…"}`; the same with the body as text
/// or under the names `body`, `tcb_info`, `qe_identity` with `NAME_signature`; beside them any members whose text is a
/// chain, a revocation list or another such document. What PCS itself sends has its two members, none beside them that
/// carries nothing, and no carriage return: either shows that somebody wrote it anew, and makes it malformed.
enum IntelCollateralFile {
  private static let limits = StrictJSON.Limits(
    depth: IntelDocument.limits.depth + 1, tokens: IntelDocument.limits.tokens)
  /// A file in a file, and what is in that one's text.
  private static let depthLimit = 3

  static func artefacts(in text: [UInt8], depth: Int) -> [CollateralArtefact] {
    guard depth < depthLimit else { return [] }
    let object: JSONObject
    do throws(ParseError) {
      object = try JSONReader(try StrictJSON.parse(text, limits: limits), "collateral").object
    } catch { return unreadable(text, error).map { [.document($0)] } ?? [] }
    var carried: [CollateralArtefact] = []
    var hasIdleMember = false
    for (name, value) in object.members {
      // A signature carries nothing.
      let text = name.hasSuffix("signature") ? nil : value.stringValue
      let inner = text.map { CollateralArtefact.all(in: Array($0.utf8), depth: depth + 1) } ?? []
      carried += inner
      if inner.isEmpty, !isExpected(name, in: object) { hasIdleMember = true }
    }
    return documents(in: object, text, hasIdleMember) + carried
  }

  private static func documents(
    in object: JSONObject, _ text: [UInt8], _ hasIdleMember: Bool
  ) -> [CollateralArtefact] {
    let slices = MemberSlices(of: text)
    return object.members.compactMap { name, value -> CollateralArtefact? in
      guard let signature = (object[name + "_signature"] ?? object["signature"])?.stringValue,
        let body = body(value, slices[name]), let kind = kind(name, body)
      else { return nil }
      func malformed(_ field: String, _ reason: ParseError.Reason) -> CollateralArtefact {
        .document(IntelDocument(kind: kind, unreadable: text, ParseError("\(kind.rawValue).\(field)", reason)))
      }
      if text.contains(UInt8(ascii: "\r")) { return malformed("lineEnd", .unexpected) }
      if hasIdleMember, name == kind.rawValue, value.objectValue != nil { return malformed("sibling", .unknownField) }
      let read = value.objectValue == nil ? nil : value
      return .document(IntelDocument(kind: kind, body: body, signature: signature, value: read))
    }
  }

  /// A signed member, or the signature of one.
  private static func isExpected(_ name: String, in object: JSONObject) -> Bool {
    if name == "signature" || IntelDocument.Kind(rawValue: name) != nil { return true }
    return name.hasSuffix("_signature") && object[String(name.dropLast("_signature".count))] != nil
  }

  /// The signed bytes: an object's own text, or what a string spells.
  private static func body(_ value: JSONValue, _ slice: ArraySlice<UInt8>?) -> [UInt8]? {
    switch value {
    case .object: slice.map { Array($0) }
    case .string(let text) where text.utf8.first == UInt8(ascii: "{"): Array(text.utf8)
    default: nil
    }
  }

  /// By the member's name where it is Intel's, else by what the body has that the other has not.
  private static func kind(_ name: String, _ body: [UInt8]) -> IntelDocument.Kind? {
    switch name {
    case "tcbInfo", "tcb_info": return .tcbInfo
    case "enclaveIdentity", "qe_identity": return .identity
    default: break
    }
    guard let value = try? StrictJSON.parse(body, limits: limits), value["id"] != nil else { return nil }
    if value["fmspc"] != nil { return .tcbInfo }
    return value["mrsigner"] != nil ? .identity : nil
  }

  /// A document by how it begins, when it cannot be read.
  private static func unreadable(_ text: [UInt8], _ error: ParseError) -> IntelDocument? {
    let start = String(decoding: text.prefix(40).filter { !(0x09...0x20).contains($0) }, as: UTF8.self)
    for kind in [IntelDocument.Kind.tcbInfo, .identity] where start.hasPrefix("{\"\(kind.rawValue)\"") {
      return IntelDocument(kind: kind, unreadable: text, error)
    }
    return nil
  }
}

/// Where the values of an object's members lie in its text.
///
/// - Precondition: the text is one object that `StrictJSON` has read.
struct MemberSlices {
  private var slices: [String: ArraySlice<UInt8>] = [:]

  init(of text: [UInt8]) {
    var name: ArraySlice<UInt8> = []
    var start: Int?
    var depth = 0
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\""):
        let end = Self.endOfString(text, from: index)
        if depth == 1, start == nil { name = text[(index + 1)..<max(index + 1, end - 1)] }
        index = end
        continue
      case UInt8(ascii: ":") where depth == 1: start = index + 1
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      if depth == 0 || (depth == 1 && byte == UInt8(ascii: ",")), let first = start {
        slices[String(decoding: name, as: UTF8.self)] = Self.trimmed(text[first..<index])
        start = nil
      }
      index += 1
    }
  }

  subscript(_ name: String) -> ArraySlice<UInt8>? { slices[name] }

  /// The index behind the closing quotation mark.
  private static func endOfString(_ text: [UInt8], from start: Int) -> Int {
    var index = start + 1
    while index < text.endIndex, text[index] != UInt8(ascii: "\"") {
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index + 1, text.endIndex)
  }

  private static func trimmed(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
    guard let first = slice.firstIndex(where: { !isSpace($0) }), let last = slice.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return slice[first...last]
  }
}
