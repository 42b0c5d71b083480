import Bytes
import Platform
import Stores
import Terminal

/// How to reach a sealed model that lies on a server.
enum StoreOptions {
  private static let caLimitBytes = 1 << 20

  static let all = [
    Option("--store-ca", value: "FILE", "authorities of the server, PEM; the system's if not given"),
    Option(
      "--store-credentials", value: "FILE",
      "what lets us read: a bearer token (https), a shared credentials file (s3), user:password (oci)"),
    Option("--store-region", value: "NAME", "s3: the region; us-east-1 if not given"),
    Option("--store-endpoint", value: "URL", "s3: the server; the vendor's for the region if not given"),
  ]

  static func access(_ arguments: Arguments) throws(Failure) -> StoreAccess {
    var access = StoreAccess(now: { .now })
    if let path = arguments.value("--store-ca") {
      do throws(PlatformError) {
        access.caPEM = try SmallFile.read(path, limitBytes: caLimitBytes)
      } catch { throw Failure(.usage, "--store-ca \(path): \(error)") }
    }
    if let path = arguments.value("--store-credentials") { access.credentials = .file(path) }
    access.region = arguments.value("--store-region") ?? access.region
    access.endpoint = arguments.value("--store-endpoint")
    return access
  }
}
