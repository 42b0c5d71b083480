/// The field lines of one head, and what they say about its framing.
struct HTTPFields: Sendable {
  private var list: [HTTPHeaders.Field] = []

  var count: Int { list.count }

  /// Fields whose repetition would let two readers understand two different requests.
  private static let single: Set<String> = [
    "host", "content-length", "cookie", "authorization", "content-type", "content-encoding", "expect", "connection",
    "transfer-encoding",
  ]

  /// field-name ":" OWS value OWS; RFC 9112 5. The caller has refused bytes that may not stand in a value.
  mutating func append(_ line: ArraySlice<UInt8>) throws(HTTPFailure) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .fieldMalformed }
    let rawName = line[..<colon]
    guard !rawName.isEmpty, rawName.allSatisfy(Self.isToken) else { throw .fieldMalformed }
    let name = String(decoding: rawName.map(Self.lowercase), as: UTF8.self)
    if Self.single.contains(name), list.contains(where: { $0.name == name }) { throw .fieldRepeated }
    let value = Self.trim(line[(colon + 1)...])
    list.append(HTTPHeaders.Field(name: name, value: String(decoding: value, as: UTF8.self)))
  }

  func head(method: HTTPMethod, target: HTTPTarget, byteCount: Int) throws(HTTPFailure) -> HTTPHead {
    let headers = HTTPHeaders(fields: list)
    guard let authority = headers.first("host") else { throw .hostMissing }
    let host = try ServerNames.host(of: authority)
    let length = try contentLength(headers)
    guard length == 0 || method == .post || method == .put else { throw .bodyNotAllowed }
    if let coding = headers.first("content-encoding"), coding.lowercased() != "identity" {
      throw .contentEncodingUnsupported
    }
    let expectation = headers.first("expect")?.lowercased()
    guard expectation == nil || expectation == "100-continue" else { throw .expectationUnsupported }
    return HTTPHead(
      method: method, target: target, headers: headers, host: host, contentLength: length,
      awaitsContinue: expectation != nil && length > 0, keepsAlive: keepsAlive(headers), byteCount: byteCount)
  }

  /// RFC 9112 6.3, without the encodings: no field means no body.
  private func contentLength(_ headers: HTTPHeaders) throws(HTTPFailure) -> Int {
    let text = headers.first("content-length")
    if headers.first("transfer-encoding") != nil {
      throw text == nil ? .transferEncodingUnsupported : .lengthAmbiguous
    }
    guard let digits = text?.utf8 else { return 0 }
    guard (1...10).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      digits.count == 1 || digits.first != 0x30
    else { throw .lengthMalformed }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  private func keepsAlive(_ headers: HTTPHeaders) -> Bool {
    guard let options = headers.first("connection") else { return true }
    return !options.utf8.split(separator: UInt8(ascii: ",")).contains { option in
      Self.trim(Array(option)[...]).map(Self.lowercase).elementsEqual("close".utf8)
    }
  }

  private static func trim(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return text[first...last]
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

  /// tchar of RFC 9110 5.6.2.
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
