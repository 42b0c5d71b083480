import Glibc

/// Reads a part of a file on two threads, up to three pieces ahead of who takes them.
///
/// Unchecked: a piece's buffer is reached only by the one that the state says has it. Safe: pointers never leave, and spans
/// live only inside the closure.
@safe final class ReadAhead: @unchecked Sendable {
  private static let depth = 3
  private static let readers = 2
  /// Direct reads begin and end at blocks, in memory aligned as they are.
  private static let block = 4096

  private struct State {
    var nextToRead = 0
    var taken = 0
    var results: [Int: PlatformError?] = [:]
    var running = 0
    var isStopped = false
  }

  private let pieces: [Range<Int>]
  private let buffered: FileDescriptor
  private let direct: FileDescriptor?
  private let slots: Int
  private let buffers: [UnsafeMutableRawPointer]
  private let state = Monitor(State())

  init(_ range: Range<Int>, buffered: FileDescriptor, direct: FileDescriptor?) {
    var rest = range
    var pieces: [Range<Int>] = []
    while let piece = StreamedFile.firstPiece(of: rest) {
      pieces.append(piece)
      rest = piece.upperBound..<rest.upperBound
    }
    self.pieces = pieces
    self.buffered = buffered
    self.direct = direct
    slots = min(Self.depth, pieces.count)
    unsafe buffers = (0..<slots).map { _ in
      UnsafeMutableRawPointer.allocate(byteCount: StreamedFile.pieceSize, alignment: Self.block)
    }
  }

  deinit { unsafe buffers.forEach { unsafe $0.deallocate() } }

  /// Gives every piece in order; on return no thread of ours is left.
  func forEach(_ take: (RawSpan) throws -> Void) throws {
    defer { stop() }
    for _ in 0..<Self.readers { try start() }
    for (number, piece) in pieces.enumerated() {
      if let failure = waitFor(number) { throw failure }
      let lead = piece.lowerBound % Self.block
      try take(
        unsafe RawSpan(_unsafeStart: UnsafeRawPointer(buffers[number % slots] + lead), byteCount: piece.count))
      state.withLock { $0.taken = number + 1 }
    }
  }

  private func waitFor(_ number: Int) -> PlatformError? {
    state.wait(until: { $0.results[number] != nil }) { $0.results.removeValue(forKey: number) ?? nil }
  }

  private func stop() {
    state.withLock { $0.isStopped = true }
    state.wait(until: { $0.running == 0 }, then: { _ in })
  }

  private func start() throws(PlatformError) {
    state.withLock { $0.running += 1 }
    do throws(PlatformError) {
      try OwnThread.start { [self] in readAll() }
    } catch {
      // One reader is enough; none is not.
      let others = state.withLock { state in
        state.running -= 1
        return state.running
      }
      guard others > 0 else { throw error }
    }
  }

  private func readAll() {
    while let number = nextPiece() {
      let failure = fill(number)
      state.withLock { $0.results[number] = .some(failure) }
    }
    state.withLock { $0.running -= 1 }
  }

  /// A piece whose buffer is free, or `nil` when all are read.
  private func nextPiece() -> Int? {
    let number = state.withLock { state in
      defer { state.nextToRead += 1 }
      return state.nextToRead
    }
    guard number < pieces.count else { return nil }
    return state.wait(until: { $0.isStopped || number < $0.taken + slots }) { $0.isStopped ? nil : number }
  }

  private func fill(_ number: Int) -> PlatformError? {
    let piece = pieces[number]
    let buffer = unsafe buffers[number % slots]
    let lead = piece.lowerBound % Self.block
    if let direct {
      let wanted = (lead + piece.count + Self.block - 1) & ~(Self.block - 1)
      let count = unsafe pread(direct.number, buffer, wanted, off_t(piece.lowerBound - lead))
      if count >= lead + piece.count { return nil }
    }
    var span = unsafe MutableRawSpan(_unsafeStart: buffer + lead, byteCount: piece.count)
    do throws(PlatformError) {
      try buffered.read(at: piece.lowerBound, into: &span)
      posix_fadvise(buffered.number, off_t(piece.lowerBound), off_t(piece.count), Int32(POSIX_FADV_DONTNEED))
      return nil
    } catch {
      return error
    }
  }
}
