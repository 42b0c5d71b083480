package import Weights

/// Where a sealed model lies. Nothing it gives is trusted before the manifest's signature, and every segment, was checked.
package protocol SealedStore: CiphertextSource {
  /// `manifest.json`, at most `Manifest.limitBytes`.
  func manifest() throws -> [UInt8]
  /// `manifest.note`, at most `SealedDirectory.noteLimitBytes`.
  func note() throws -> [UInt8]
}
