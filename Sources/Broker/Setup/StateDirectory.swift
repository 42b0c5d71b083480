package import Bytes

/// The files of a broker's state. Everything in it but the root key is useless to a thief: keys are wrapped.
package struct StateDirectory: Sendable {
  package let path: String

  package init(path: String) { self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path }

  package var rootKey: String { "\(path)/keys/root.key" }
  package var keyring: String { "\(path)/keys/keyring.json" }
  package var certificate: String { "\(path)/tls/cert.pem" }
  package var certificateKey: String { "\(path)/tls/key.pem" }
  package var adminCertificate: String { "\(path)/admin/client.cert.pem" }
  package var adminKey: String { "\(path)/admin/client.key.pem" }
  /// SHA-256 of the SubjectPublicKeyInfo of each administrator's certificate in hexadecimal, and the
  /// roles of its holder: one line each.
  package var adminPins: String { "\(path)/admin/pins" }
  /// The approvers and their quorum, as at `init`; a later quorum is in the log.
  package var approvers: String { "\(path)/approvers.json" }
  /// Who may break the glass, as at `init`; absent when nobody may.
  package var breakGlass: String { "\(path)/break-glass.json" }
  package var logVkey: String { "\(path)/log.vkey" }
  package var client: String { "\(path)/client.json" }
  package var instance: String { "\(path)/instance.json" }
  package var log: String { "\(path)/log" }

  /// The folder that the state stands in.
  var parent: String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

  package var folders: [String] {
    [path, "\(path)/keys", "\(path)/tls", "\(path)/admin", log]
  }
}

/// What was decided once, at `init`: the log's name and epoch.
package struct Instance: Equatable, Sendable {
  package let logName: String
  package let logEpoch: String
  /// Names stand in the log as salted commitments.
  package let privateNames: Bool

  package init(logName: String, logEpoch: String, privateNames: Bool = false) {
    self.logName = logName
    self.logEpoch = logEpoch
    self.privateNames = privateNames
  }

  package init(parsing file: [UInt8]) throws(ParseError) {
    var reader = try JSONReader(StrictJSON.parse(file), "instance")
    guard try reader.integer("format", as: Int.self) == 1 else { throw ParseError("instance.format", .unexpected) }
    logName = try reader.string("logName")
    logEpoch = try reader.string("logEpoch")
    privateNames = try reader.optionalBool("privateNames") ?? false
    try reader.finish()
  }

  package var json: [UInt8] {
    CanonicalJSON.encode(
      .object([
        ("format", 1), ("logEpoch", .string(logEpoch)), ("logName", .string(logName)),
        ("privateNames", .bool(privateNames)),
      ]))
  }
}
