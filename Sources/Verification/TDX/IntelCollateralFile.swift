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
    let file: JSONElement
    do throws(ParseError) {
      file = try StrictJSON.element(of: text, limits: limits)
    } catch { return unreadable(text, error).map { [.document($0)] } ?? [] }
    var carried: [CollateralArtefact] = []
    var hasIdleMember = false
    var members: [Member] = []
    var items = file.items
    while let value = items.next() {
      guard let name = items.name.stringValue else { continue }
      // A signature carries nothing.
      let text = name.hasSuffix("signature") ? nil : value.stringValue
      let inner = text.map { CollateralArtefact.all(in: Array($0.utf8), depth: depth + 1) } ?? []
      carried += inner
      if inner.isEmpty, !isExpected(name, in: file) { hasIdleMember = true }
      members.append(Member(name: name, isPlain: items.name.plainBytes != nil, value: value))
    }
    return members.compactMap { document($0, in: file, text, hasIdleMember) } + carried
  }

  /// One member of the file.
  private struct Member {
    let name: String
    /// Whether the name is written as it is meant.
    let isPlain: Bool
    let value: JSONElement
  }

  private static func document(
    _ member: Member, in file: JSONElement, _ text: [UInt8], _ hasIdleMember: Bool
  ) -> CollateralArtefact? {
    let (name, value) = (member.name, member.value)
    guard let signature = (file[name + "_signature"] ?? file["signature"])?.stringValue,
      let body = body(member), let kind = kind(name, body)
    else { return nil }
    func malformed(_ field: String, _ reason: ParseError.Reason) -> CollateralArtefact {
      .document(IntelDocument(kind: kind, unreadable: text, ParseError("\(kind.rawValue).\(field)", reason)))
    }
    if text.contains(UInt8(ascii: "\r")) { return malformed("lineEnd", .unexpected) }
    if hasIdleMember, name == kind.rawValue, value.isObject { return malformed("sibling", .unknownField) }
    let read = value.isObject ? value : nil
    return .document(IntelDocument(kind: kind, body: body, signature: signature, element: read))
  }

  /// A signed member, or the signature of one.
  private static func isExpected(_ name: String, in file: JSONElement) -> Bool {
    if name == "signature" || IntelDocument.Kind(rawValue: name) != nil { return true }
    return name.hasSuffix("_signature") && file[String(name.dropLast("_signature".count))] != nil
  }

  /// The signed bytes: an object's own text, or what a string spells.
  private static func body(_ member: Member) -> [UInt8]? {
    if member.value.isObject { return member.isPlain ? Array(member.value.bytes) : nil }
    guard let text = member.value.stringValue, text.utf8.first == UInt8(ascii: "{") else { return nil }
    return Array(text.utf8)
  }

  /// By the member's name where it is Intel's, else by what the body has that the other has not.
  private static func kind(_ name: String, _ body: [UInt8]) -> IntelDocument.Kind? {
    switch name {
    case "tcbInfo", "tcb_info": return .tcbInfo
    case "enclaveIdentity", "qe_identity": return .identity
    default: break
    }
    guard let value = try? StrictJSON.element(of: body, limits: limits), value["id"] != nil else { return nil }
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
