import Glibc
import Platform
import Synchronization
import TransparencyLog

/// A folder on this machine's disk as the log uses it, which counts what it is asked for.
final class CountedDisk: DurableIO {
  struct Counts: Equatable, Sendable {
    var reads = 0
    var bytesRead = 0
    var writes = 0
    var syncs = 0
  }

  private let directory: DurableDirectory
  private let stored = Mutex(Counts())

  init(_ directory: DurableDirectory) { self.directory = directory }

  /// What was asked for since the last call.
  func taken() -> Counts {
    stored.withLock { counts in
      defer { counts = Counts() }
      return counts
    }
  }

  func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    let bytes: [UInt8]?
    do throws(PlatformError) { bytes = try directory.read(file: name) } catch { throw DurableFailure(.read, error) }
    stored.withLock {
      $0.reads += 1; $0.bytesRead += bytes?.count ?? 0
    }
    return bytes
  }

  func create(_ name: String) throws(DurableFailure) -> DurableFile {
    do throws(PlatformError) { return DurableFile(id: try directory.create(file: name)) } catch {
      throw DurableFailure(.create, error)
    }
  }

  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    do throws(PlatformError) { try directory.write(bytes, to: file.id, at: offset) } catch {
      throw DurableFailure(.write, error)
    }
    stored.withLock { $0.writes += 1 }
  }

  func sync(_ file: DurableFile) throws(DurableFailure) {
    do throws(PlatformError) { try directory.synchronize(file.id) } catch { throw DurableFailure(.sync, error) }
    stored.withLock { $0.syncs += 1 }
  }

  func close(_ file: DurableFile) { directory.close(file.id) }

  func rename(_ name: String, to target: String) throws(DurableFailure) {
    do throws(PlatformError) { try directory.move(name, to: target) } catch { throw DurableFailure(.rename, error) }
  }

  func remove(_ name: String) throws(DurableFailure) {
    do throws(PlatformError) { try directory.remove(file: name) } catch { throw DurableFailure(.remove, error) }
  }

  func makeDirectory(_ name: String) throws(DurableFailure) {
    do throws(PlatformError) { try directory.create(directory: name) } catch {
      throw DurableFailure(.makeDirectory, error)
    }
  }

  func syncDirectory(_ name: String) throws(DurableFailure) {
    do throws(PlatformError) { try directory.synchronize(directory: name) } catch {
      throw DurableFailure(.syncDirectory, error)
    }
    stored.withLock { $0.syncs += 1 }
  }
}

extension DurableFailure {
  fileprivate init(_ operation: Operation, _ error: PlatformError) {
    if case .system(_, let number) = error { self.init(operation, number) } else { self.init(operation, EIO) }
  }
}
