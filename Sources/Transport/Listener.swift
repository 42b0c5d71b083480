import CTransport

/// The listening socket; hands new connections to the reactor that has fewest. Confined to the first reactor's thread
/// once that runs.
final class Listener {
  let descriptor: Int32
  let port: Int
  private var spare: Int32
  private var isClosed = false
  private let admission: Admission
  private let context: @Sendable () -> TLSContext?
  /// Set once, before the first reactor starts.
  var reactors: [Reactor] = []

  private static let acceptsPerTurn = 64

  init(
    host: String, port: UInt16, admission: Admission, context: @escaping @Sendable () -> TLSContext?
  ) throws(TransportError) {
    descriptor = unsafe ct_listen(host, port, 1024)
    guard descriptor >= 0 else { throw .cannotListen(errno: -descriptor) }
    var local = ct_address()
    unsafe ct_local_address(descriptor, &local)
    self.port = Int(local.port)
    spare = ct_spare_open()
    self.admission = admission
    self.context = context
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    ct_close(descriptor)
    if spare >= 0 { ct_close(spare) }
    reactors = []
  }

  func acceptAll() {
    for _ in 0..<Self.acceptsPerTurn where !isClosed {
      var address = ct_address()
      let accepted = unsafe ct_accept(descriptor, &address)
      if accepted >= 0 {
        take(accepted, PeerAddress(address))
      } else if ct_is_descriptor_shortage(accepted) != 0 {
        return turnOneAway()
      } else if ct_is_nothing_waiting(accepted) != 0 {
        return
      }
    }
  }

  private func take(_ descriptor: Int32, _ peer: PeerAddress) {
    let context = context()
    guard admission.enter(peer, handshaking: context != nil) else { return ct_close(descriptor) }
    var local = ct_address()
    let isKnown = unsafe ct_local_address(descriptor, &local) == 0
    let accepted = Accepted(
      descriptor: descriptor, peer: peer, local: isKnown ? PeerAddress(local) : nil, context: context)
    reactors.min { $0.connectionCount < $1.connectionCount }?.adopt(accepted)
  }

  /// Without this, a full descriptor table would leave the peer waiting and this thread spinning.
  private func turnOneAway() {
    if spare >= 0 { ct_close(spare) }
    var address = ct_address()
    let accepted = unsafe ct_accept(descriptor, &address)
    if accepted >= 0 { ct_close(accepted) }
    spare = ct_spare_open()
  }
}
