import Bytes
package import Cryptography

/// The key of one model version: 32 bytes, from which each file's key is derived. Erased when the last owner lets go.
package final class ModelKey: Sendable {
  package static let byteCount = 32
  private let bytes: SecretBytes

  /// - Throws: `.wrongKey` unless 32 bytes.
  package init(_ bytes: consuming SecretBytes) throws(WeightsError) {
    guard bytes.count == Self.byteCount else { throw .wrongKey }
    self.bytes = bytes
  }

  /// A value that only this key gives and that tells nothing about it. AES-GCM alone lets one ciphertext open under two
  /// keys; a manifest that names this value admits one.
  package func commitment(for identity: ModelIdentity) -> [UInt8] {
    var info = ByteWriter()
    for field in ["vouchsafe/weights/key-commitment/v1", identity.model, identity.version] {
      info.lengthPrefixed(field)
    }
    return HKDF.sha256(bytes, salt: [], info: info.bytes, count: 32).withBytes { span in
      span.byteOffsets.map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  /// What authenticates notes about an unfinished sealing.
  package func journalKey(for identity: ModelIdentity) -> SecretBytes {
    var info = ByteWriter()
    for field in ["vouchsafe/weights/seal-journal/v1", identity.model, identity.version] { info.lengthPrefixed(field) }
    return HKDF.sha256(bytes, salt: [], info: info.bytes, count: 32)
  }

  /// The key of one file. Spec: Tink, AES-GCM-HKDF streaming: HKDF-SHA256, info is the associated data.
  func fileKey(_ header: StreamHeader, associatedData: [UInt8]) -> SecretBytes {
    HKDF.sha256(bytes, salt: header.salt, info: associatedData, count: 32)
  }

  /// - Throws: `.wrongKey` unless this is the key the manifest commits to.
  package func check(against manifest: Manifest) throws(WeightsError) {
    guard constantTimeEquals(commitment(for: manifest.identity), manifest.keyCommitment) else { throw .wrongKey }
  }

  /// Lends the bytes, to write a key file.
  package func withBytes<R: ~Copyable, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try bytes.withBytes(body)
  }
}
