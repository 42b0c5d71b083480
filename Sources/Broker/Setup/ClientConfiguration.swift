import Bytes
import Platform

extension BrokerService {
  /// Writes `client.json` into the state: where this service listens and which credentials reach it, for the people's
  /// tool. Paths are relative to the file.
  package func writeClientConfiguration(_ state: StateDirectory) throws {
    try ClientConfiguration.write(state, broker: address, admin: adminAddress)
  }
}

enum ClientConfiguration {
  static func write(
    _ state: StateDirectory, broker: BrokerConfiguration.Address, admin: BrokerConfiguration.Address
  ) throws {
    let members: [(String, JSONValue)] = [
      ("broker", .string("https://\(broker.text)")), ("admin", .string("https://\(admin.text)")),
      ("ca", "tls/cert.pem"), ("clientCertificate", "admin/client.cert.pem"), ("clientKey", "admin/client.key.pem"),
      ("logVkey", "log.vkey"),
      ("provider", credential("provider")), ("auditor", credential("auditor")),
    ]
    let bytes = Array(CanonicalJSON.pretty(.object(members)).utf8)
    if (try? SmallFile.read(state.client, limitBytes: 1 << 16)) != bytes { try SmallFile.replace(state.client, bytes) }
  }

  private static func credential(_ role: String) -> JSONValue {
    ["clientCertificate": .string("admin/\(role).cert.pem"), "clientKey": .string("admin/\(role).key.pem")]
  }
}
