import Bytes
import Cryptography
import SignedNotes

/// A key made of 32 consecutive byte values, as the shared log vectors use.
func key(from first: UInt8) throws -> Ed25519PrivateKey {
  var seed = (0..<32).map { first + $0 }
  return try Ed25519PrivateKey(seed: SecretBytes(erasing: &seed))
}

func signer(_ name: String, _ first: UInt8) throws -> NoteSigner { try NoteSigner(name: name, key: key(from: first)) }

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A checkpoint of seven entries, signed by the log of the shared vectors and cosigned by their witness.
enum Vector {
  static let text = "vouchsafe.test/log\n7\nmMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=\n"
  static let logKey = "vouchsafe.test/log+8f6f3a95+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
  static let logLine =
    "— vouchsafe.test/log j286lUhaneWCD7kLYWX1XBSDxZr99F9NKvwSstdMBdKnFD0B80HcgTE1RrxUGbG6XZtarxbKssjShjaRGKE+W1bS7QU=\n"
  static let witnessKey = "witness.test/w1+ad1959f2+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
  static let witnessLine =
    "— witness.test/w1 rRlZ8gAAAABlU/EAn/3L/lob1gsiCxrTeRGkKemGxaZcff4MBrVN3LL31D0hkqSKXnzeNAnD1WENxgPnzmddq2iWir4RLd3Kd1GwBA==\n"

  static var note: [UInt8] { utf8(text + "\n" + logLine + witnessLine) }
  static var keys: [NoteVerifierKey] {
    get throws { [try NoteVerifierKey(vkey: logKey), try NoteVerifierKey(vkey: witnessKey)] }
  }
}
