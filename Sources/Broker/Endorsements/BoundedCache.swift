/// At most `capacity` values; when one more comes, the eighth that was longest not asked for goes.
struct BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry: Sendable {
    var value: Value
    var lastUse: UInt64
  }

  let capacity: Int
  private var entries: [Key: Entry] = [:]
  private var uses: UInt64 = 0

  /// - Precondition: `capacity` is positive.
  init(capacity: Int) { self.capacity = max(1, capacity) }

  var count: Int { entries.count }
  var keys: [Key] { Array(entries.keys) }
  var values: [Value] { entries.values.map(\.value) }

  /// The value, which is young again.
  mutating func use(_ key: Key) -> Value? {
    guard var entry = entries[key] else { return nil }
    uses += 1
    entry.lastUse = uses
    entries[key] = entry
    return entry.value
  }

  /// The value, as old as before.
  func peek(_ key: Key) -> Value? { entries[key]?.value }

  mutating func set(_ key: Key, _ value: Value) {
    if entries[key] == nil, entries.count >= capacity { evict() }
    uses += 1
    entries[key] = Entry(value: value, lastUse: uses)
  }

  mutating func remove(_ key: Key) { entries[key] = nil }
  mutating func removeAll() { entries.removeAll() }

  private mutating func evict() {
    let sorted = entries.map { (key: $0.key, lastUse: $0.value.lastUse) }.sorted { $0.lastUse < $1.lastUse }
    for old in sorted.prefix(max(1, capacity / 8)) { entries[old.key] = nil }
  }
}
