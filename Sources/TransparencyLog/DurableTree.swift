/// Puts whole files into the directory tree of a `DurableIO` and knows what still has to be made durable.
struct DurableTree: Sendable {
  let io: any DurableIO
  /// Directories whose own names were made durable by this process.
  private var made: Set<String> = [""]
  /// Directories that received names since the last `syncDirectories`.
  private var touched: Set<String> = []

  init(_ io: any DurableIO) { self.io = io }

  /// Writes a new file and gives it its name in one step. Durable after `syncDirectories`.
  mutating func place(_ bytes: [UInt8], at name: String) throws(DurableFailure) {
    let directory = Self.parent(of: name)
    try makeDirectories(directory)
    let file = try io.create(name + ".tmp")
    defer { io.close(file) }
    try io.write(bytes, to: file, at: 0)
    try io.sync(file)
    try io.rename(name + ".tmp", to: name)
    touched.insert(directory)
  }

  /// Says that a name of that directory changed, or may have changed in an earlier process.
  mutating func touch(_ directory: String) { touched.insert(directory) }

  mutating func syncDirectories() throws(DurableFailure) {
    for directory in touched.sorted() { try io.syncDirectory(directory) }
    touched = []
  }

  mutating func makeDirectories(_ directory: String) throws(DurableFailure) {
    guard !made.contains(directory) else { return }
    let parent = Self.parent(of: directory)
    try makeDirectories(parent)
    try io.makeDirectory(directory)
    try io.syncDirectory(parent)
    made.insert(directory)
  }

  static func parent(of name: String) -> String { name.lastIndex(of: "/").map { String(name[..<$0]) } ?? "" }
}
