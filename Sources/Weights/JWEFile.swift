import Bytes
package import Cryptography

/// A model file as KServe encrypts it: one JWE in compact form, whatever its size.
///
/// Shape: five parts in base64url without padding, a dot between them: header, wrapped key (40 bytes), nonce (12 bytes),
/// ciphertext, tag (16 bytes). Spec: RFC 7516 §7.1; RFC 7518 §4.4 (A256KW), §5.3 (A256GCM).
package struct JWEFile: Sendable {
  private static let headLimit = 4096
  private static let tagText = 22
  /// Whole groups of four characters, three bytes each.
  private static let chunk = 1 << 18

  private let file: any StoredBytes
  private let path: String
  private let associatedData: [UInt8]
  private let wrappedKey: [UInt8]
  private let nonce: [UInt8]
  private let tag: [UInt8]
  private let ciphertext: Range<Int>

  /// Bytes of plaintext.
  package var byteCount: Int { ciphertext.count / 4 * 3 + max(0, ciphertext.count % 4 - 1) }

  /// Reads all parts but the ciphertext. Nothing of it is authentic yet.
  /// - Parameter path: what the file is called in errors, and when it is opened.
  /// - Throws: `.malformed`, `.storage`.
  package init(_ file: any StoredBytes, path: String) throws(WeightsError) {
    let (head, end): ([UInt8], [UInt8])
    do {
      guard file.byteCount > Self.tagText + 1 else { throw ParseError("jwe", .truncated) }
      head = try file.bytes(at: 0, count: min(Self.headLimit, file.byteCount))
      end = try file.bytes(at: file.byteCount - Self.tagText - 1, count: Self.tagText + 1)
    } catch let error as ParseError {
      throw .malformed(error)
    } catch {
      throw .storage(path: path, .init(error))
    }
    do throws(ParseError) {
      let parts = head.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count == 4, end[0] == UInt8(ascii: ".") else { throw ParseError("jwe", .truncated) }
      try Self.checkHeader(parts[0])
      associatedData = Array(parts[0])
      wrappedKey = try Self.part(parts[1], "jwe.key", count: 40)
      nonce = try Self.part(parts[2], "jwe.nonce", count: AESGCM.nonceByteCount)
      tag = try Self.part(end[1...], "jwe.tag", count: AESGCM.tagByteCount)
      let start = parts[3].startIndex
      guard start <= file.byteCount - Self.tagText - 1 else { throw ParseError("jwe", .truncated) }
      ciphertext = start..<file.byteCount - Self.tagText - 1
      guard ciphertext.count % 4 != 1 else { throw ParseError("jwe.ciphertext", .truncated) }
    } catch {
      throw .malformed(error)
    }
    self.file = file
    self.path = path
  }

  private static func part(_ text: ArraySlice<UInt8>, _ field: StaticString, count: Int) throws(ParseError) -> [UInt8] {
    let bytes = try Base64.decode(Array(text), .url, padding: .forbidden, field)
    guard bytes.count == count else { throw ParseError(field, .outOfRange) }
    return bytes
  }

  /// One algorithm, no compression, nothing that must be understood.
  private static func checkHeader(_ text: ArraySlice<UInt8>) throws(ParseError) {
    let bytes = try Base64.decode(Array(text), .url, padding: .forbidden, "jwe.header")
    var reader = try JSONReader(try StrictJSON.parse(bytes), "jwe.header")
    guard try reader.string("alg") == "A256KW" else { throw ParseError("jwe.header.alg", .unexpected) }
    guard try reader.string("enc") == "A256GCM" else { throw ParseError("jwe.header.enc", .unexpected) }
    for name in ["kid", "typ", "cty"] { _ = try reader.optionalString(name) }
    try reader.finish()
  }

  /// Opens the file in memory that does not grow with it; blocks the calling thread. Nothing is visible before the tag over
  /// all of it holds.
  /// - Throws: `.wrongKey` when the key does not unwrap the file's own, `.segment` when the tag does not hold, and what
  ///   the rules about content say.
  package func open(
    key: borrowing SecretBytes, allowCode: Bool, into destination: any Destination,
    progress: (Int) -> Void = { _ in }
  ) throws(WeightsError) {
    do throws(WeightsError) {
      try checkPath()
      let output: any DestinationFile
      do { output = try destination.makeFile(at: path, byteCount: byteCount) } catch {
        throw .storage(path: path, .init(error))
      }
      try decrypt(try unwrapped(key), into: output, progress)
      try ContentRules.check(output, path: path, allowCode: allowCode)
      do { try destination.publish() } catch { throw .storage(path: path, .init(error)) }
    } catch {
      destination.discard()
      throw error
    }
  }

  private func checkPath() throws(WeightsError) {
    do throws(ModelPath.Violation) { try ModelPath.check(path) } catch { throw .path(error) }
  }

  private func unwrapped(_ key: borrowing SecretBytes) throws(WeightsError) -> SecretBytes {
    do throws(CryptoError) { return try AESKeyWrap.unwrap(wrappedKey, key: key) } catch { throw .wrongKey }
  }

  private func decrypt(
    _ key: consuming SecretBytes, into output: any DestinationFile, _ progress: (Int) -> Void
  ) throws(WeightsError) {
    do {
      var passage = try UnverifiedPassage(key: key, nonce: nonce, aad: associatedData)
      var plaintext = [UInt8](repeating: 0, count: Self.chunk / 4 * 3)
      var written = 0
      for start in stride(from: ciphertext.lowerBound, to: ciphertext.upperBound, by: Self.chunk) {
        let text = try file.bytes(at: start, count: min(Self.chunk, ciphertext.upperBound - start))
        let sealed = try Base64.decode(text, .url, padding: .forbidden, "jwe.ciphertext")
        var elements = plaintext.mutableSpan
        var place = unsafe elements.mutableBytes
        try place.withPart(0..<sealed.count) { part in
          try passage.open(unsafe sealed.span.bytes, into: &part)
          try output.write(part.bytes, at: written)
        }
        written += sealed.count
        progress(sealed.count)
      }
      try passage.verify(tag: tag)
    } catch let error as ParseError {
      throw .malformed(error)
    } catch is CryptoError {
      throw .segment(path: path, index: 0)
    } catch {
      throw .storage(path: path, .init(error))
    }
  }
}
