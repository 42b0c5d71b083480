import Bytes

/// One signature line of a note: who claims to have signed, and the bytes. Unverified.
///
/// Shape: `— <name> <base64(key ID, 4 bytes big-endian ‖ signature)>`. Spec: C2SP signed-note, "Signatures".
package struct NoteSignature: Hashable, Sendable {
  package let name: String
  package let keyID: UInt32
  /// 64 bytes for Ed25519; 72 for a cosignature (u64 big-endian seconds ‖ 64). Any for a key that we do not know.
  package let bytes: [UInt8]

  package init(name: String, keyID: UInt32, bytes: [UInt8]) {
    self.name = name
    self.keyID = keyID
    self.bytes = bytes
  }

  /// Reads one line without its newline.
  package init(parsing line: ArraySlice<UInt8>) throws(NoteError) {
    let dash = Array("— ".utf8)
    guard line.starts(with: dash) else { throw .malformed(ParseError("signature", .unexpected, at: line.startIndex)) }
    let parts = line.dropFirst(dash.count).split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self) else {
      throw .malformed(ParseError("signature", .unexpected, at: line.startIndex))
    }
    try NoteVerifierKey.check(name: name)
    do throws(ParseError) {
      var cursor = ByteCursor(try Base64.decode(Array(parts[1]), .standard, "signature"))
      keyID = try cursor.bigEndian("signature.keyID", as: UInt32.self)
      bytes = Array(cursor.rest())
    } catch { throw .malformed(error) }
    guard !bytes.isEmpty else { throw .malformed(ParseError("signature", .truncated, at: line.startIndex)) }
    self.name = name
  }

  /// The line with its newline.
  package var line: String {
    var body = ByteWriter(reserving: 4 + bytes.count)
    body.bigEndian(keyID)
    body.append(bytes)
    return "— \(name) \(Base64.encode(body.bytes))\n"
  }
}
