import Bytes
import CEvidence

/// A certificate or revocation list that came along with evidence. The kind is what the sender calls it; unverified.
package struct CarriedCertificate: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case ark, ask, vcek, vlek, crl, empty
    /// By the GUID of its table entry, as text.
    case other(String)
  }

  package let kind: Kind
  package let der: [UInt8]

  package init(kind: Kind, der: [UInt8]) {
    self.kind = kind
    self.der = der
  }
}

extension CarriedCertificate {
  /// The certificates of a GHCB certificate table, in table order.
  ///
  /// Zeros are a table without entries, as hosts that have no certificates leave their pages. Spec: GHCB, SNP extended
  /// guest request.
  /// - Throws: `.malformed` for a table that does not end, has more than 16 entries, whose data lies outside it or on the
  ///   entries themselves, or that has no entry and something else behind it.
  package static func table(_ bytes: [UInt8]) throws(EvidenceError) -> [CarriedCertificate] {
    var found = snp_table()
    let refusal = unsafe bytes.withUnsafeBufferPointer { unsafe snp_table_find($0.baseAddress, $0.count, &found) }
    switch refusal {
    case SNP_TABLE_OK: break
    case SNP_TABLE_TRUNCATED: throw .malformed("certificateTable", .truncated)
    case SNP_TABLE_TOO_MANY_ENTRIES: throw .malformed("certificateTable", .tooLong)
    case SNP_TABLE_TRAILING: throw .malformed("certificateTable", .trailing)
    default: throw .malformed("certificateTable.entry", .outOfRange)
    }
    return entries(of: found).map { entry in
      CarriedCertificate(kind: Kind(guid: bytes[entry.guid.indices]), der: Array(bytes[entry.data.indices]))
    }
  }

  private static func entries(of table: snp_table) -> [snp_table_entry] {
    let all = table.entries
    let list = [
      all.0, all.1, all.2, all.3, all.4, all.5, all.6, all.7, all.8, all.9, all.10, all.11, all.12, all.13, all.14,
      all.15,
    ]
    return Array(list.prefix(Int(table.count)))
  }

  /// A table that `table(_:)` reads back to `certificates`; the offset of the first is where the entries end.
  package static func writeTable(_ certificates: [CarriedCertificate]) -> [UInt8] {
    var entries = ByteWriter()
    var data = ByteWriter()
    let start = (certificates.count + 1) * 24
    for certificate in certificates {
      entries.append(certificate.kind.guid)
      entries.littleEndian(UInt32(start + data.bytes.count))
      entries.littleEndian(UInt32(certificate.der.count))
      data.append(certificate.der)
    }
    entries.zeros(24)
    return entries.bytes + data.bytes
  }
}

extension evidence_range {
  fileprivate var indices: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}

extension CarriedCertificate.Kind {
  private static let guids: [(String, CarriedCertificate.Kind)] = [
    ("63da758d-e664-4564-adc5-f4b93be8accd", .vcek),
    ("a8074bc2-a25a-483e-aae6-39c045a0b8a1", .vlek),
    ("4ab7b379-bbac-4fe4-a02f-05aef327c782", .ask),
    ("c0b406a4-a803-4952-9743-3fb6014cd0ae", .ark),
    ("92f81bc3-5811-4d3d-97ff-d19f88dc67ea", .crl),
    ("00000000-0000-0000-0000-000000000000", .empty),
  ]

  /// - Parameter guid: 16 bytes; the first three groups are little-endian.
  init(guid: ArraySlice<UInt8>) {
    let bytes = Array(guid)
    let text = [
      bytes[0..<4].reversed(), bytes[4..<6].reversed(), bytes[6..<8].reversed(), Array(bytes[8..<10]),
      Array(bytes[10..<16]),
    ].map { Hex.encode($0) }.joined(separator: "-")
    self = Self.guids.first { $0.0 == text }?.1 ?? .other(text)
  }

  /// The 16 bytes of a table entry; zeros for an `other` that is no GUID.
  var guid: [UInt8] {
    let text = if case .other(let other) = self { other } else { Self.guids.first { $0.1 == self }?.0 ?? "" }
    let groups = text.split(separator: "-").map { (try? Hex.decode(String($0), "guid")) ?? [] }
    guard groups.map(\.count) == [4, 2, 2, 2, 6] else { return [UInt8](repeating: 0, count: 16) }
    return groups[0].reversed() + groups[1].reversed() + groups[2].reversed() + groups[3] + groups[4]
  }
}
