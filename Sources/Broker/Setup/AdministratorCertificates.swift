import Bytes
import Cryptography
import Platform

/// The three administrators' certificates of a new state, one for each role, and the file that pins their keys.
extension Initialisation {
  func makeAdministrators(at now: Timestamp) throws {
    var pins = ""
    for role in AdminRole.allCases {
      let (certificate, key) = try certificate("vouchsafe-\(role.rawValue)", at: now, addresses: false)
      let files = state.credential(of: role)
      try SmallFile.create(files.certificate, certificate, mode: 0o644)
      try store(key, at: files.key)
      pins += "\(Hex.encode(Hash.sha256.digest(key.publicKey.subjectPublicKeyInfo))) \(role.rawValue)\n"
    }
    try SmallFile.create(state.adminPins, Array(pins.utf8))
  }
}

extension StateDirectory {
  /// The operator's credential is the one that `client.json` names first.
  func credential(of role: AdminRole) -> (certificate: String, key: String) {
    role == .operator
      ? (adminCertificate, adminKey)
      : ("\(path)/admin/\(role.rawValue).cert.pem", "\(path)/admin/\(role.rawValue).key.pem")
  }
}
