import Cryptography
import TransparencyLog

/// The right to read one key once: an allowing decision about exactly this record, durable in the log.
///
/// It cannot be copied, and only a `Receipt`, which only a durable commit makes, leads to one.
struct ReleasePermit: ~Copyable, Sendable {
  let record: KeyRecord
  let receipt: Receipt

  /// - Parameter leaf: the allowing leaf that was committed, as encoded.
  /// - Throws: `logUnavailable` when the receipt is of another entry.
  init(for record: KeyRecord, leaf: AllowingLeaf, receipt: Receipt) throws(BrokerError) {
    guard leaf.resource == record.resource, leaf.version == record.version, receipt.entry == leaf.bytes else {
      throw .logUnavailable
    }
    self.record = record
    self.receipt = receipt
  }
}

/// Turns permits into keys. There is no other way to a stored key.
struct Vault: Sendable {
  let keyring: Keyring

  /// The key that the permit is for; the permit is used up.
  func open(under permit: consuming ReleasePermit) throws(CryptoError) -> SecretBytes {
    try permit.record.unwrapped(by: keyring)
  }
}
