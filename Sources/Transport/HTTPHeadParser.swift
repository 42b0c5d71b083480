/// Reads a request head that comes in pieces; looks at every byte twice at most, however small the pieces are.
///
/// Give it the whole buffer each time; it remembers how far it has come. It refuses at the first byte that no
/// permitted head could hold, and never waits for more to say so.
struct HTTPHeadParser: Sendable {
  private let headBytes: Int
  private let targetBytes: Int
  private let fieldCount: Int
  private var lineStart = 0
  private var scanned = 0
  private var requestLine: (method: HTTPMethod, target: HTTPTarget)?
  private var fields = HTTPFields()

  private static let carriageReturn: UInt8 = 13
  private static let lineFeed: UInt8 = 10
  /// "DELETE", two spaces and "HTTP/1.1", and some room for a method that is then refused by name.
  private static let requestLineBesidesTarget = 32

  init(limits: ServerLimits) {
    headBytes = limits.headBytes
    targetBytes = limits.targetBytes
    fieldCount = limits.fieldCount
  }

  /// The head, once the empty line has been seen.
  mutating func advance(over buffer: [UInt8]) throws(HTTPFailure) -> HTTPHead? {
    while scanned < buffer.count {
      guard scanned < headBytes else { throw .headTooLarge }
      let byte = buffer[scanned]
      let followsReturn = scanned > lineStart && buffer[scanned - 1] == Self.carriageReturn
      guard followsReturn == (byte == Self.lineFeed) else { throw .lineEndMalformed }
      scanned += 1
      if followsReturn {
        let line = buffer[lineStart..<scanned - 2]
        lineStart = scanned
        if let head = try endLine(line) { return head }
      } else {
        try check(byte)
      }
    }
    return nil
  }

  /// Refuses a byte that may not stand in the current line at all.
  private func check(_ byte: UInt8) throws(HTTPFailure) {
    if byte == Self.carriageReturn { return }
    let isText = byte >= 0x20 && byte <= 0x7E
    if requestLine == nil {
      guard isText else { throw .requestLineMalformed }
      guard scanned - lineStart <= targetBytes + Self.requestLineBesidesTarget else { throw .targetTooLong }
    } else {
      guard isText || byte == 0x09 else { throw .fieldMalformed }
    }
  }

  private mutating func endLine(_ line: ArraySlice<UInt8>) throws(HTTPFailure) -> HTTPHead? {
    guard let requestLine else {
      requestLine = try parseRequestLine(line)
      return nil
    }
    guard line.isEmpty else {
      guard fields.count < fieldCount else { throw .tooManyFields }
      try fields.append(line)
      return nil
    }
    return try fields.head(method: requestLine.method, target: requestLine.target, byteCount: scanned)
  }

  /// method SP target SP version; RFC 9112 3.
  private func parseRequestLine(_ line: ArraySlice<UInt8>) throws(HTTPFailure) -> (HTTPMethod, HTTPTarget) {
    let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(HTTPFields.isToken) else {
      throw .requestLineMalformed
    }
    try checkVersion(parts[2])
    guard let method = HTTPMethod(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
      throw .methodUnsupported
    }
    guard parts[1].count <= targetBytes else { throw .targetTooLong }
    return (method, try HTTPTarget(parsing: parts[1]))
  }

  private func checkVersion(_ text: ArraySlice<UInt8>) throws(HTTPFailure) {
    let version = Array(text)
    guard version.count == 8, version.starts(with: "HTTP/".utf8), version[6] == UInt8(ascii: "."),
      isDigit(version[5]), isDigit(version[7])
    else { throw .requestLineMalformed }
    guard version[5] == UInt8(ascii: "1"), version[7] == UInt8(ascii: "1") else { throw .versionUnsupported }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
