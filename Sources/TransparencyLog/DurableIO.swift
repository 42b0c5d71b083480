/// The disk under the log: one directory, names relative to it, `/` between parts, "" for the directory itself.
///
/// What an implementer owes: a write is lost or torn by a crash unless `sync` of that file returned; a name made, changed or
/// removed is lost by a crash unless `syncDirectory` of its directory returned. A failed `sync` says nothing about what
/// reached the disk and is never repeated by the caller. Calls come from one thread at a time, except `read`.
package protocol DurableIO: Sendable {
  /// The whole file, or `nil` when there is none of that name.
  func read(_ name: String) throws(DurableFailure) -> [UInt8]?

  /// A new, empty file open for writing. A file of that name is unlinked first, never cut or overwritten: whoever reads
  /// it keeps the old bytes.
  func create(_ name: String) throws(DurableFailure) -> DurableFile

  /// Writes every byte or throws.
  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure)

  /// Returns after the file's bytes and length are on stable storage.
  func sync(_ file: DurableFile) throws(DurableFailure)

  /// Gives the handle back. Promises nothing about the bytes.
  func close(_ file: DurableFile)

  /// Replaces `target`, atomically for readers.
  func rename(_ name: String, to target: String) throws(DurableFailure)

  /// Removes a file; none of that name is no error.
  func remove(_ name: String) throws(DurableFailure)

  /// Makes one directory inside an existing one; that it is there already is no error.
  func makeDirectory(_ name: String) throws(DurableFailure)

  /// Returns after every name in that directory is on stable storage as a reader sees it now.
  func syncDirectory(_ name: String) throws(DurableFailure)
}

/// A file that `DurableIO.create` opened. Means something to its maker only.
package struct DurableFile: Hashable, Sendable {
  package let id: Int32

  package init(id: Int32) { self.id = id }
}

/// Which call of the disk failed, and the system's number for it.
package struct DurableFailure: Error, Equatable, Sendable {
  package enum Operation: String, Sendable {
    case open, lock, read, create, write, sync, rename, remove, makeDirectory, syncDirectory
  }

  package let operation: Operation
  /// `errno`.
  package let number: Int32

  package init(_ operation: Operation, _ number: Int32) {
    self.operation = operation
    self.number = number
  }
}
