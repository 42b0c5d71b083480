import Bytes
import Cryptography
import KBSProtocol

/// One version of a stored key, wrapped: the only form in which the broker keeps what it may release.
///
/// A content-addressed JSON document: `{"v":1,"resource","version","kek","bundle","time","wrapped"}`. The wrapping binds
/// the resource, its version and the wrapping key's id, so records cannot be swapped.
struct KeyRecord: Equatable, Sendable {
  let resource: ResourcePath
  let version: UInt64
  let kekID: String
  /// The reference bundle that a pod must match.
  let bundle: String
  let time: Timestamp
  let wrapped: [UInt8]

  static let limitBytes = 64 * 1024

  /// Wraps a new secret.
  init(
    wrapping secret: borrowing SecretBytes, for resource: ResourcePath, version: UInt64, bundle: String,
    under keyring: Keyring, at time: Timestamp
  ) throws(CryptoError) {
    self.resource = resource
    self.version = version
    kekID = keyring.kekID
    self.bundle = bundle
    self.time = time
    let context = Self.context(resource, version, keyring.kekID)
    wrapped = try WrappedKey.seal(secret, under: keyring.kek, context: context)
  }

  private static func context(_ resource: ResourcePath, _ version: UInt64, _ kekID: String) -> [UInt8] {
    WrappedKey.context("resource", resource.text, String(version), kekID)
  }

  func unwrapped(by keyring: Keyring) throws(CryptoError) -> SecretBytes {
    guard kekID == keyring.kekID else { throw .badKey }
    return try WrappedKey.open(wrapped, under: keyring.kek, context: Self.context(resource, version, kekID))
  }

  init(parsing bytes: [UInt8]) throws(ParseError) {
    var reader = try JSONReader(StrictJSON.parse(bytes), "key")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("key.v", .unexpected) }
    guard let path = try? ResourcePath(try reader.string("resource")) else {
      throw ParseError("key.resource", .unexpected)
    }
    resource = path
    version = try reader.integer("version")
    kekID = try reader.string("kek")
    bundle = try reader.string("bundle")
    time = try reader.timestamp("time")
    wrapped = try Base64.decode(try reader.string("wrapped"), .standard, "key.wrapped")
    try reader.finish()
  }

  var encoded: [UInt8] {
    CanonicalJSON.encode(
      .object([
        ("v", 1), ("resource", .string(resource.text)), ("version", .int(version)), ("kek", .string(kekID)),
        ("bundle", .string(bundle)), ("time", .string(time.rfc3339Milliseconds)),
        ("wrapped", .string(Base64.encode(wrapped))),
      ]))
  }
}
