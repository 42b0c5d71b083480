package import Bytes

/// Up to 256 neighbouring entries as one file. Unverified: only the hashes of the tiles vouch for entries.
///
/// Shape: (u16 big-endian length ‖ entry) repeated. Spec: C2SP tlog-tiles, "Log entries".
package enum EntryBundle {
  package static let limitEntryBytes = 65_535

  /// - Precondition: no entry is longer than `limitEntryBytes`.
  package static func encode(_ entries: some Sequence<[UInt8]>) -> [UInt8] {
    var output = ByteWriter()
    for entry in entries {
      output.bigEndian(UInt16(entry.count))
      output.append(entry)
    }
    return output.bytes
  }

  package static func decode(_ bytes: [UInt8]) throws(ParseError) -> [[UInt8]] {
    var input = ByteCursor(bytes)
    var entries: [[UInt8]] = []
    while !input.isAtEnd {
      guard entries.count < TilePath.fullWidth else { throw ParseError("bundle", .tooLong, at: input.offset) }
      let length = try input.bigEndian("bundle.length", as: UInt16.self)
      entries.append(Array(try input.bytes(Int(length), "bundle.entry")))
    }
    return entries
  }

  /// The first `count` entries of an encoded bundle, still encoded; `nil` when it holds fewer.
  static func prefix(_ bytes: [UInt8], count: Int) -> [UInt8]? {
    guard let entries = try? decode(bytes), entries.count >= count else { return nil }
    return encode(entries.prefix(count))
  }
}
