package import Bytes
import Glibc

/// What a reader of stores has at hand.
package struct StoreAccess: Sendable {
  package enum Credentials: Sendable, Equatable {
    case none
    /// A file, read again when the server does not permit a read any more: for https a bearer token, for s3 a shared
    /// credentials file, for oci `user:password`.
    case file(String)
    /// A token of the pod's own that a token service exchanges for short-lived keys (s3).
    case exchange(tokenFile: String, role: String, service: String)
  }

  /// The only authorities that are trusted; nil trusts those of the system.
  package var caPEM: [UInt8]?
  package var credentials = Credentials.none
  /// s3: part of every signature.
  package var region = "us-east-1"
  /// s3: `https://host`; nil is the vendor's for the region.
  package var endpoint: String?
  /// For a server on the loopback interface alone.
  package var allowPlainHTTP = false
  /// Tries in a row that bring less than a mebibyte.
  package var attempts = 8
  package var now: @Sendable () -> Timestamp
  /// Waits between tries; a parameter so that tests need not.
  package var pause: @Sendable (Duration) -> Void

  package init(
    now: @escaping @Sendable () -> Timestamp, pause: @escaping @Sendable (Duration) -> Void = StoreAccess.sleep
  ) {
    self.now = now
    self.pause = pause
  }

  package static let sleep: @Sendable (Duration) -> Void = { duration in
    let parts = duration.components
    var time = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
    unsafe nanosleep(&time, nil)
  }
}
