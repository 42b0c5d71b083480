import CTransport

/// One accepted connection, plain or TLS, that never blocks. Owns its descriptor.
///
/// Safe: the C object lives exactly as long as this one, and only one reactor holds it.
@safe final class Stream {
  enum Outcome: Equatable {
    case count(Int)
    case ended, wantsRead, wantsWrite, broken
  }

  let descriptor: Int32
  private let stream: OpaquePointer

  /// Takes over the descriptor; nil, and the descriptor closed, when there is no memory.
  init?(descriptor: Int32, context: TLSContext?) {
    guard let made = unsafe ct_stream_new(descriptor, context?.context) else {
      ct_close(descriptor)
      return nil
    }
    unsafe stream = made
    self.descriptor = descriptor
  }

  deinit { unsafe ct_stream_free(stream) }

  /// `.count(1)` once the handshake is done.
  func handshake() -> Outcome { Self.outcome(unsafe ct_stream_handshake(stream)) }

  func read(into buffer: inout [UInt8]) -> Outcome {
    let result = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe ct_stream_read(stream, bytes.baseAddress, bytes.count)
    }
    return Self.outcome(result)
  }

  func write(_ bytes: [UInt8], from offset: Int) -> Outcome {
    let result = unsafe bytes[offset...].withUnsafeBytes { bytes in
      unsafe ct_stream_write(stream, bytes.baseAddress, bytes.count)
    }
    return Self.outcome(result)
  }

  /// Whether received bytes wait where readiness events do not see them.
  var hasPending: Bool { unsafe ct_stream_has_pending(stream) != 0 }

  /// SHA-256 of the SubjectPublicKeyInfo of the client's certificate.
  var clientKey: [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 32)
    return unsafe ct_stream_peer_key(stream, &digest) != 0 ? digest : nil
  }

  /// Says that nothing more will be written.
  func end() { unsafe ct_stream_end(stream) }

  /// Reads and throws away, below TLS.
  func discard() -> Outcome { Self.outcome(unsafe ct_stream_discard(stream)) }

  private static func outcome(_ result: Int32) -> Outcome {
    switch Int(result) {
    case 1...: .count(Int(result))
    case 0: .ended
    case Int(ct_wants_read): .wantsRead
    case Int(ct_wants_write): .wantsWrite
    default: .broken
    }
  }
}
