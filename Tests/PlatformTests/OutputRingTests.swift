import Glibc
import Testing

@testable import Platform

@Suite struct OutputRingTests {
  @Test func theLastBytesAreKeptAndAllAreCounted() async throws {
    let ring = try OutputRing()
    let line = [UInt8](repeating: 0x61, count: 1 << 16)
    let writer = try #require(ring.writer)
    for _ in 0..<12 { _ = unsafe write(writer, line, line.count) }
    _ = unsafe write(writer, "end", 3)
    ring.close()
    #expect(ring.writer == nil)
    for _ in 0..<2000 where ring.byteCount < 12 * line.count + 3 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(ring.byteCount == 12 * line.count + 3)
    #expect(ring.tail.count == OutputRing.limitBytes)
    #expect(ring.tail.suffix(4) == Array("aend".utf8))
  }
}
