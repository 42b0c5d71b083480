import Bytes
import Evidence
import Testing

/// The GHCB certificate table, all of which the host writes.
@Suite struct CertificateTableTests {
  private let certificates = [
    CarriedCertificate(kind: .ark, der: [1, 2, 3]), CarriedCertificate(kind: .ask, der: [4]),
    CarriedCertificate(kind: .vcek, der: [5, 6]), CarriedCertificate(kind: .vlek, der: []),
    CarriedCertificate(kind: .crl, der: [7]),
    CarriedCertificate(kind: .other("ecae0c0f-9502-43b1-afa2-0ae2e0d565b6"), der: [8]),
  ]

  private func problem(_ bytes: [UInt8]) -> ParseError? {
    do throws(EvidenceError) {
      _ = try CarriedCertificate.table(bytes)
      return nil
    } catch { if case .malformed(let problem) = error { return problem } else { return nil } }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    #expect(try CarriedCertificate.table(CarriedCertificate.writeTable(certificates)) == certificates)
    #expect(try CarriedCertificate.table(CarriedCertificate.writeTable([])).isEmpty)
  }

  @Test func theVCEKHasItsGUID() throws {
    let table = CarriedCertificate.writeTable([CarriedCertificate(kind: .vcek, der: [9])])
    #expect(Hex.encode(table[..<16]) == "8d75da6364e66445adc5f4b93be8accd")
    #expect(Hex.encode(table[16..<24]) == "3000000001000000")
  }

  @Test func aTableEndsWithAZeroEntry() {
    let table = CarriedCertificate.writeTable(certificates)
    for count in 0..<(certificates.count + 1) * 24 { #expect(problem(Array(table[..<count])) != nil, "\(count)") }
    #expect(problem(table + [0]) == nil)
    #expect(problem([UInt8](repeating: 0, count: 4096)) == nil)
  }

  @Test func aTableHasAtMost16Entries() throws {
    let one = CarriedCertificate(kind: .ark, der: [1])
    #expect(try CarriedCertificate.table(CarriedCertificate.writeTable(.init(repeating: one, count: 16))).count == 16)
    let more = CarriedCertificate.writeTable(.init(repeating: one, count: 17))
    #expect(problem(more) == ParseError("certificateTable", .tooLong))
  }

  @Test func dataLiesInsideAndBehindTheEntries() {
    func table(_ offset: UInt32, _ length: UInt32) -> [UInt8] {
      var writer = ByteWriter()
      writer.append([UInt8](repeating: 7, count: 16))
      writer.littleEndian(offset)
      writer.littleEndian(length)
      writer.zeros(24 + 10)
      return writer.bytes
    }
    #expect(problem(table(48, 10)) == nil)
    #expect(problem(table(58, 0)) == nil)
    let outside: [(UInt32, UInt32)] = [
      (48, 11), (57, 2), (59, 0), (59, 1), (.max, 1), (.max, .max), (48, .max), (1, .max), (.max - 9, 10),
    ]
    for (offset, length) in outside {
      #expect(
        problem(table(offset, length)) == ParseError("certificateTable.entry", .outOfRange), "\(offset) \(length)")
    }
    for offset: UInt32 in [0, 24, 47] {
      #expect(problem(table(offset, 1)) == ParseError("certificateTable.entry", .outOfRange))
    }
  }
}
