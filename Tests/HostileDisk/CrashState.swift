import TestSupport
import TransparencyLog

/// Everything that a `CrashFS` knows: files by number, directories by number, and the life of the process.
struct CrashState: Sendable {
  struct File: Sendable {
    var durable: [UInt8] = []
    var visible: [UInt8] = []
    var pending: [(offset: Int, bytes: [UInt8])] = []
    /// Its first name, by which some faults choose.
    var name: String

    mutating func flush() {
      for write in pending { Self.apply(write, to: &durable) }
      pending = []
    }

    static func apply(_ write: (offset: Int, bytes: [UInt8]), to file: inout [UInt8]) {
      let end = write.offset + write.bytes.count
      if write.offset == file.count { return file.append(contentsOf: write.bytes) }
      if file.count < end { file += [UInt8](repeating: 0, count: end - file.count) }
      file.replaceSubrange(write.offset..<end, with: write.bytes)
    }
  }

  /// What a name stands for, as a number into `files` or `directories`.
  enum Node: Equatable, Sendable {
    case file(Int)
    case directory(Int)
  }

  struct Directory: Sendable {
    var visible: [String: Node] = [:]
    var durable: [String: Node] = [:]
  }

  var random: SeededGenerator
  var files: [File] = []
  /// The first is the root.
  var directories = [Directory()]
  var plan = CrashFS.Plan()
  var operations = 0
  var renames = 0
  var syncs = 0
  var directorySyncs = 0
  var writes = 0
  var isDead = false
  /// Files whose sync was put off.
  var unsynced: [Int] = []

  init(random: SeededGenerator) { self.random = random }

  mutating func boot(_ plan: CrashFS.Plan) {
    self.plan = plan
    (operations, renames, syncs, directorySyncs, writes) = (0, 0, 0, 0, 0)
    isDead = false
    unsynced = []
  }

  mutating func loseWrites() {
    for index in files.indices where !files[index].pending.isEmpty {
      for write in files[index].pending {
        let fate = Double.random(in: 0..<1, using: &random)
        if fate < 0.4 {
          File.apply(write, to: &files[index].durable)
        } else if fate < 0.7 {
          let torn = Int.random(in: 0...write.bytes.count, using: &random)
          File.apply((write.offset, Array(write.bytes.prefix(torn))), to: &files[index].durable)
        }
      }
      files[index].pending = []
    }
    for index in files.indices { files[index].visible = files[index].durable }
  }

  mutating func loseNames(of number: Int) {
    let (seen, kept) = (directories[number].visible, directories[number].durable)
    let changed = Set(seen.keys).union(kept.keys).filter { seen[$0] != kept[$0] }
    for name in changed.sorted() where random.happens(0.5) { directories[number].durable[name] = seen[name] }
    directories[number].visible = directories[number].durable
    // In an order that does not depend on how a dictionary lies in memory.
    for (_, node) in directories[number].visible.sorted(by: { $0.key < $1.key }) {
      if case .directory(let below) = node { loseNames(of: below) }
    }
  }

  // MARK: Names

  /// The directory above a name, and the name in it; `nil` when there is no such directory.
  func place(_ path: String) -> (directory: Int, name: String)? {
    var directory = 0
    var rest = path.utf8[...]
    while let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
      guard case .directory(let next) = directories[directory].visible[String(Substring(rest[..<slash]))] else {
        return nil
      }
      directory = next
      rest = rest[rest.index(after: slash)...]
    }
    return (directory, String(Substring(rest)))
  }

  func directory(_ path: String) -> Int? {
    guard !path.isEmpty else { return 0 }
    guard let (parent, name) = place(path), case .directory(let found) = directories[parent].visible[name] else {
      return nil
    }
    return found
  }

  func file(_ path: String) -> Int? {
    guard let (parent, name) = place(path), case .file(let found) = directories[parent].visible[name] else {
      return nil
    }
    return found
  }

  func names(below number: Int, _ prefix: String) -> [String] {
    directories[number].visible.flatMap { name, node in
      switch node {
      case .file: [prefix + name]
      case .directory(let below): names(below: below, prefix + name + "/")
      }
    }
  }

  /// A file as if it had always been there, or never.
  mutating func replace(_ path: String, _ bytes: [UInt8]?) {
    let parts = path.split(separator: "/").dropLast()
    for count in parts.indices { makeDirectory(parts[...count].joined(separator: "/"), isDurable: true) }
    guard let (parent, name) = place(path) else { return }
    (directories[parent].visible[name], directories[parent].durable[name]) = (nil, nil)
    guard let bytes else { return }
    var file = File(name: path)
    (file.durable, file.visible) = (bytes, bytes)
    files.append(file)
    directories[parent].visible[name] = .file(files.count - 1)
    directories[parent].durable[name] = .file(files.count - 1)
  }

  mutating func makeDirectory(_ path: String, isDurable: Bool) {
    guard let (parent, name) = place(path) else { return }
    if directories[parent].visible[name] == nil {
      directories.append(Directory())
      directories[parent].visible[name] = .directory(directories.count - 1)
    }
    if isDurable { directories[parent].durable[name] = directories[parent].visible[name] }
  }
}
