import Bytes
import Collateral
import Evidence
import Testing
import Verification

@Suite struct CollateralBundleTests {
  private func bundle() throws -> CollateralBundle {
    CollateralBundle(createdAt: Answers.now, records: try Answers.all.map { try Answers().record($0) })
  }

  @Test func aBundleIsOneCanonicalFileAndReadBack() throws {
    let bundle = try bundle()
    #expect(bundle.records.count == Answers.all.count)
    #expect(try CollateralBundle(parsing: bundle.bytes) == bundle)
    #expect(bundle.bytes == CollateralBundle(createdAt: Answers.now, records: bundle.records.reversed()).bytes)
    var shelf = CollateralShelf(anchors: Answers.anchors)
    for record in bundle.records where record.key != Answers.vcek { try shelf.take(record, at: Answers.now) }
  }

  @Test func aDamagedBundleIsRefused() throws {
    let small = CollateralBundle(
      createdAt: Answers.now, records: [try Answers().record(.amdRevocationList(.milan, .vcek))])
    let bytes = small.bytes
    for count in stride(from: 0, to: bytes.count - 1, by: 7) {
      #expect(throws: CollateralFault.self) { try CollateralBundle(parsing: Array(bytes.prefix(count))) }
    }
    for index in stride(from: 0, to: bytes.count - 1, by: 3) {
      var flipped = bytes
      flipped[index] ^= 1
      guard let read = try? CollateralBundle(parsing: flipped) else { continue }
      // What a digest does not cover is for people: where it came from and when.
      #expect(read.records.map(\.body) == small.records.map(\.body))
    }
    #expect(throws: CollateralFault.self) { try CollateralBundle(parsing: bytes + [0x0A]) }
    #expect(throws: CollateralFault.self) { try CollateralBundle(parsing: [0x20] + bytes) }
  }

  @Test func anotherBodyIsSeenByItsDigest() throws {
    let bundle = try bundle()
    let text = String(decoding: bundle.bytes, as: UTF8.self)
    let first = Base64.encode(bundle.records[0].body)
    let second = Base64.encode(bundle.records[1].body)
    let swapped = text.replacing(first, with: second)
    #expect(throws: CollateralFault.digestMismatch) { try CollateralBundle(parsing: Array(swapped.utf8)) }
  }

  @Test func anotherSpellingIsRefused() throws {
    let empty = #"{"artefacts":[],"createdAt":"2026-11-01T00:00:00Z","format":"vouchsafe/collateral","v":1}"#
    #expect(try CollateralBundle(parsing: Array(empty.utf8)).records.isEmpty)
    let others = [
      empty.replacing(",", with: ", "), empty.replacing("\"v\":1", with: "\"v\":2"),
      empty.replacing("vouchsafe/collateral", with: "other"), empty.replacing("\"v\":1", with: "\"v\":1,\"x\":1"),
      #"{"v":1,"artefacts":[],"createdAt":"2026-11-01T00:00:00Z","format":"vouchsafe/collateral"}"#,
      #"{"artefacts":[{}],"createdAt":"2026-11-01T00:00:00Z","format":"vouchsafe/collateral","v":1}"#,
    ]
    for text in others {
      #expect(throws: CollateralFault.self, "\(text)") { try CollateralBundle(parsing: Array(text.utf8)) }
    }
  }
}
