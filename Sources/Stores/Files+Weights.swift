package import Platform
package import Weights

extension StreamedFile: StoredBytes {}

extension MappedRange: FileMemory {}

extension RegularFile: DestinationFile {
  package func memory(of range: Range<Int>) throws -> (any FileMemory)? { try mapped(range) }
}
