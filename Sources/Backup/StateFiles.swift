import Bytes

/// Which files of a broker's state a copy holds.
enum StateFiles {
  static let instance = "instance.json"
  static let logVkey = "log.vkey"
  static let log = "log"
  static let registry = "registry"
  static let evidence = "evidence"
  static let keyring = "keys/keyring.json"

  /// What `init` and the broker write, beside log, registry and evidence. Those that may be absent are left out then.
  static let needed = [instance, logVkey, keyring, "tls/cert.pem", "admin/pins"]
  static let optional = [
    "approvers.json", "break-glass.json", "client.json", "collateral/seen.json", "admin/client.cert.pem",
    "admin/provider.cert.pem", "admin/auditor.cert.pem",
  ]
  /// Keys in plain text, which no copy holds.
  static let secret = [
    "keys/root.key", "tls/key.pem", "admin/client.key.pem", "admin/provider.key.pem", "admin/auditor.key.pem",
  ]

  /// A log's name and epoch.
  static func instance(parsing bytes: [UInt8]) throws(ParseError) -> (name: String, epoch: String) {
    let value = try StrictJSON.parse(bytes)
    guard let name = value["logName"]?.stringValue, let epoch = value["logEpoch"]?.stringValue else {
      throw ParseError("instance.logName", .missing)
    }
    return (name, epoch)
  }
}
