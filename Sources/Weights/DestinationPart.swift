/// A folder of a destination that several openers fill, one part each. Nothing of it shows before its owner publishes
/// the whole; a failure of one part gives back all.
package struct DestinationPart: Destination {
  private let whole: any Destination
  private let folder: String

  package init(_ whole: any Destination, folder: String) {
    self.whole = whole
    self.folder = folder
  }

  package func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile {
    try whole.makeFile(at: "\(folder)/\(path)", byteCount: byteCount)
  }

  package func publish() {}
  package func discard() { whole.discard() }
}
