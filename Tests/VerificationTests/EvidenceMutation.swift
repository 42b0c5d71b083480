@testable import Verification

/// A part of a structure, and what a change to it may be refused with.
struct MutationField {
  let name: String
  let range: Range<Int>
  let codes: Set<Refusal.Code>
  /// Bytes put in or taken out are a forgery; they are not at the end of what may be padded.
  var isSized = true

  /// Fields one after another from `offset` on.
  static func list(
    from offset: Int = 0, _ parts: [(name: String, count: Int, codes: Set<Refusal.Code>)]
  ) -> [MutationField] {
    var start = offset
    return parts.map { part in
      defer { start += part.count }
      return MutationField(name: part.name, range: start..<start + part.count, codes: part.codes)
    }
  }
}

/// Every change to a byte string that is tried: each field is flipped byte by byte, cleared, filled, counted up and down,
/// shortened and lengthened; the whole is cut at every byte and extended.
struct Mutator {
  let bytes: [UInt8]
  let fields: [MutationField]
  /// What a text of another length may be refused with.
  var lengthCodes: Set<Refusal.Code> = [.malformed]
  /// One byte in so many is flipped; fields of up to 8 bytes always whole.
  var flipEvery = 1
  /// The text is cut at one length in so many.
  var cutEvery = 1
  /// The one code that is right for a text, where that can be told.
  var oracle: ([UInt8]) -> Refusal.Code? = { _ in nil }
  /// What may be put behind it.
  var tails: [[UInt8]] = [[0], [0xFF], [UInt8](repeating: 0, count: 70), [UInt8](repeating: 0xA5, count: 8)]

  /// Hands over every changed text once, with its name and the codes that are right.
  func forEach(_ body: (_ name: String, _ changed: [UInt8], _ codes: Set<Refusal.Code>) throws -> Void) rethrows {
    try forEachGuess { name, changed, codes in try body(name, changed, oracle(changed).map { [$0] } ?? codes) }
  }

  private func forEachGuess(_ body: (String, [UInt8], Set<Refusal.Code>) throws -> Void) rethrows {
    for field in fields { try change(field, body) }
    for count in stride(from: 0, to: bytes.count, by: cutEvery) {
      try body("cut to \(count)", Array(bytes[..<count]), lengthCodes)
    }
    for tail in tails { try body("followed by \(tail.count) bytes", bytes + tail, lengthCodes) }
  }

  private func change(
    _ field: MutationField, _ body: (String, [UInt8], Set<Refusal.Code>) throws -> Void
  ) rethrows {
    func put(_ what: String, _ part: [UInt8]) throws {
      guard part != Array(bytes[field.range]) else { return }
      var changed = bytes
      changed.replaceSubrange(field.range, with: part)
      try body("\(field.name) \(what)", changed, part.count == field.range.count ? field.codes : lengthCodes)
    }
    let part = Array(bytes[field.range])
    for index in part.indices where part.count <= 8 || index % flipEvery == 0 {
      var flipped = part
      flipped[index] ^= 1 << UInt8((field.range.lowerBound + index) % 8)
      try put("flipped at \(index)", flipped)
    }
    guard !part.isEmpty else { return }
    try put("cleared", part.map { _ in 0 })
    try put("filled", part.map { _ in 0xFF })
    try put("counted up", part.counted(by: 1))
    try put("counted down", part.counted(by: 0xFF))
    guard field.isSized else { return }
    try put("shortened", Array(part.dropLast()))
    try put("lengthened", part + [0])
  }
}

extension [UInt8] {
  /// Little-endian, with carry; 0xFF counts down.
  fileprivate func counted(by step: UInt8) -> [UInt8] {
    var bytes = self
    for index in bytes.indices {
      let before = bytes[index]
      bytes[index] &+= step
      guard step == 1 ? before == 0xFF : before == 0 else { break }
    }
    return bytes
  }
}

/// What became of many forgeries: how many there were, and which did not get their refusal.
struct Tally {
  private(set) var count = 0
  /// Those for which one code alone is right.
  private(set) var exactCount = 0
  private(set) var accepted: [String] = []
  private(set) var unexpected: [String] = []

  /// - Parameter code: what it was refused with; `nil` when it was accepted.
  mutating func add(_ name: String, _ code: Refusal.Code?, _ codes: Set<Refusal.Code>) {
    count += 1
    if codes.count == 1 { exactCount += 1 }
    guard let code else {
      accepted.append(name)
      return
    }
    if !codes.contains(code) { unexpected.append("\(name): \(code.rawValue)") }
  }
}
