import Glibc
package import Platform
package import TransparencyLog

/// A folder of this machine's disk under a log and its blobs.
extension DurableDirectory: DurableIO {
  package func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    do throws(PlatformError) { return try read(file: name) } catch { throw DurableFailure(.read, error) }
  }

  package func create(_ name: String) throws(DurableFailure) -> DurableFile {
    do throws(PlatformError) { return DurableFile(id: try create(file: name)) } catch {
      throw DurableFailure(.create, error)
    }
  }

  package func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    do throws(PlatformError) { try write(bytes, to: file.id, at: offset) } catch { throw DurableFailure(.write, error) }
  }

  package func sync(_ file: DurableFile) throws(DurableFailure) {
    do throws(PlatformError) { try synchronize(file.id) } catch { throw DurableFailure(.sync, error) }
  }

  package func close(_ file: DurableFile) { close(file.id) }

  package func rename(_ name: String, to target: String) throws(DurableFailure) {
    do throws(PlatformError) { try move(name, to: target) } catch { throw DurableFailure(.rename, error) }
  }

  package func remove(_ name: String) throws(DurableFailure) {
    do throws(PlatformError) { try remove(file: name) } catch { throw DurableFailure(.remove, error) }
  }

  package func makeDirectory(_ name: String) throws(DurableFailure) {
    do throws(PlatformError) { try create(directory: name) } catch { throw DurableFailure(.makeDirectory, error) }
  }

  package func syncDirectory(_ name: String) throws(DurableFailure) {
    do throws(PlatformError) { try synchronize(directory: name) } catch { throw DurableFailure(.syncDirectory, error) }
  }
}

extension DurableFailure {
  fileprivate init(_ operation: Operation, _ error: PlatformError) {
    switch error {
    case .system(_, let number): self.init(operation, number)
    case .tooLong: self.init(operation, EFBIG)
    default: self.init(operation, EIO)
    }
  }
}
