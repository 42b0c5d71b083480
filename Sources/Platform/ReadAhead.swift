import Glibc

/// Reads a part of a file on two threads, up to three pieces ahead of who takes them.
///
/// Unchecked: the fields below `mutex` are reached only under it, and a piece's buffer only by the one that the state says
/// has it. Safe: pointers never leave, and spans live only inside the closure.
@safe final class ReadAhead: @unchecked Sendable {
  private static let depth = 3
  private static let readers = 2
  /// Direct reads begin and end at blocks, in memory aligned as they are.
  private static let block = 4096

  private let pieces: [Range<Int>]
  private let buffered: FileDescriptor
  private let direct: FileDescriptor?
  private let slots: Int
  private let buffers: [UnsafeMutableRawPointer]

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var nextToRead = 0
  private var taken = 0
  private var results: [Int: PlatformError?] = [:]
  private var running = 0
  private var isStopped = false

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
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe changed.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe buffers.forEach { unsafe $0.deallocate() }
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Gives every piece in order; on return no thread of ours is left.
  func forEach(_ take: (RawSpan) throws -> Void) throws {
    defer { stop() }
    for _ in 0..<Self.readers { try start() }
    for (number, piece) in pieces.enumerated() {
      if let failure = waitFor(number) { throw failure }
      let lead = piece.lowerBound % Self.block
      try take(
        unsafe RawSpan(_unsafeStart: UnsafeRawPointer(buffers[number % slots] + lead), byteCount: piece.count))
      locked { taken = number + 1 }
    }
  }

  private func locked<Value>(_ body: () -> Value) -> Value {
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    return body()
  }

  private func wait(until condition: () -> Bool) {
    while !condition() { unsafe pthread_cond_wait(changed, mutex) }
  }

  private func waitFor(_ number: Int) -> PlatformError? {
    locked {
      wait { results[number] != nil }
      return results.removeValue(forKey: number) ?? nil
    }
  }

  private func stop() {
    locked {
      isStopped = true
      wait { running == 0 }
    }
  }

  private func start() throws(PlatformError) {
    locked { running += 1 }
    do throws(PlatformError) {
      try OwnThread.start { [self] in readAll() }
    } catch {
      locked { running -= 1 }
      // One reader is enough; none is not.
      guard locked({ running > 0 }) else { throw error }
    }
  }

  private func readAll() {
    while let number = nextPiece() {
      let failure = fill(number)
      locked { results[number] = .some(failure) }
    }
    locked { running -= 1 }
  }

  /// A piece whose buffer is free, or `nil` when all are read.
  private func nextPiece() -> Int? {
    locked {
      let number = nextToRead
      guard number < pieces.count else { return nil }
      nextToRead += 1
      wait { isStopped || number < taken + slots }
      return isStopped ? nil : number
    }
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
