import Platform
import Terminal
import Weights

/// The folder in which `model seal` works, hidden until the model is whole. One that was cut short is gone on with.
struct SealStaging: Sendable {
  let directory: NewDirectory
  let blobs: FileTree
  let journal: SealJournal
  /// Files that need not be sealed again.
  let done: [Manifest.File]

  /// - Parameter form: where blobs lie.
  init(
    _ directory: NewDirectory, _ form: SealedForm, _ inputs: [Sealer.Input], key: ModelKey, identity: ModelIdentity
  ) throws(PlatformError) {
    self.directory = directory
    blobs = try form.blobFolder(in: directory.staging)
    journal = try SealJournal(in: directory.staging, key: key, identity: identity)
    done = try journal.finished(inputs, in: blobs)
    let kept = Set(done.map(\.blob))
    for folder in [blobs, try directory.staging.subtree(SealJournal.folderName)] {
      for entry in try folder.entries() where entry.kind == .file && !kept.contains(entry.name) {
        try folder.removeFile(entry.name)
      }
    }
  }

  /// The blobs without what was taken down about them.
  func close() throws(PlatformError) { try directory.staging.remove(SealJournal.folderName) }
}
