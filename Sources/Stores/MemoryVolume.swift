package import Platform
package import Weights

/// The pod's memory as the destination of a model. Once discarded, nothing is made or written in it any more, also not by a
/// thread that was still opening segments.
package final class MemoryVolume: Destination {
  private let volume: TmpfsVolume
  private let gate = UseGate()

  package struct Discarded: Error, CustomStringConvertible {
    package var description: String { "the volume was given back" }
  }

  package init(_ volume: TmpfsVolume) { self.volume = volume }

  package var publishedPath: String { volume.publishedPath }

  package func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile {
    File(file: try gate.use { try volume.staging.createFile(path, byteCount: byteCount) }, gate: gate)
  }

  package func publish() throws { try gate.use { try volume.publish() } }

  /// Gives all memory back, published or not; also the last act of a pod.
  package func discard() {
    gate.close()
    // What cannot be removed stays private and in memory; there is nobody left to tell.
    try? volume.wipe()
  }

  /// Removing a file cuts it to nothing, which must not happen under a thread that writes to it as memory.
  private struct File: DestinationFile {
    let file: RegularFile
    let gate: UseGate

    var byteCount: Int { file.byteCount }

    func read(at offset: Int, into buffer: inout MutableRawSpan) throws { try file.read(at: offset, into: &buffer) }

    func write(_ bytes: RawSpan, at offset: Int) throws { try gate.use { try file.write(bytes, at: offset) } }

    func memory(of range: Range<Int>) throws -> (any FileMemory)? {
      try gate.use { try file.mapped(range) }.map { Memory(mapped: $0, gate: gate) }
    }
  }

  private struct Memory: FileMemory {
    let mapped: MappedRange
    let gate: UseGate

    func withMutableBytes(_ range: Range<Int>, _ body: (inout MutableRawSpan) throws -> Void) throws {
      try gate.use { try mapped.withMutableBytes(range, body) }
    }
  }
}

extension UseGate {
  fileprivate func use<Value>(_ body: () throws -> Value) throws -> Value {
    guard let value = try enter(body) else { throw MemoryVolume.Discarded() }
    return value
  }
}
