import Bytes
import Cryptography
import TestSupport
import Testing

/// One vector with the group it stands in.
struct WycheproofVector {
  let group: JSONValue
  let test: JSONValue

  var id: Int { test["tcId"]?.integer() ?? -1 }
  var comment: String { test["comment"]?.stringValue ?? "" }
  var flags: [String] { test["flags"]?.arrayValue?.compactMap(\.stringValue) ?? [] }
  func text(_ name: String) throws -> String { try #require((test[name] ?? group[name])?.stringValue) }
  func hex(_ name: String) throws -> [UInt8] { try Hex.decode(try text(name), "vector") }
  func number(_ name: String) throws -> Int { try #require((test[name] ?? group[name])?.integer(Int.self)) }
  func secret(_ name: String) throws -> SecretBytes {
    var bytes = try hex(name)
    return SecretBytes(erasing: &bytes)
  }
}

/// What our code did with a vector.
enum Verdict { case accepted, refused, notServed }

/// How many vectors of a file ended in which way: pinned, so that a change of libcrypto that flips one is seen.
struct Tally: Equatable, CustomStringConvertible {
  var accepted = 0
  var refused = 0
  /// Vectors for sizes and algorithms this module refuses on purpose; each was tried and refused.
  var notServed = 0
  /// Of the accepted ones, those the project marks `acceptable`.
  var acceptable = 0

  var description: String { "Tally(\(accepted), \(refused), \(notServed), acceptable: \(acceptable))" }

  init(_ accepted: Int = 0, _ refused: Int = 0, _ notServed: Int = 0, acceptable: Int = 0) {
    self.accepted = accepted
    self.refused = refused
    self.notServed = notServed
    self.acceptable = acceptable
  }
}

enum Wycheproof {
  static let folder = "wycheproof"
  static var isPresent: Bool { (try? VectorStore.read("\(folder)/MANIFEST.json")) != nil }

  /// Every vector of a file: `valid` must be accepted, `invalid` refused, unless the file's closure says `notServed`.
  static func check(
    _ file: String, _ expected: Tally, _ verdict: (WycheproofVector) throws -> Verdict
  ) throws {
    let document = try VectorStore.json("\(folder)/\(file)_test.json")
    var tally = Tally()
    for group in try #require(document["testGroups"]?.arrayValue) {
      for test in try #require(group["tests"]?.arrayValue) {
        let vector = WycheproofVector(group: group, test: test)
        let outcome = try verdict(vector)
        let label = try vector.text("result")
        switch outcome {
        case .notServed: tally.notServed += 1
        case .refused:
          tally.refused += 1
          #expect(label != "valid", "\(file) \(vector.id) \(vector.comment): refused a valid vector")
        case .accepted:
          tally.accepted += 1
          if label == "acceptable" { tally.acceptable += 1 }
          #expect(label != "invalid", "\(file) \(vector.id) \(vector.comment): accepted an invalid vector")
        }
      }
    }
    #expect(tally == expected, "\(file)")
  }

  /// Whether `body` gives this value; an error is a refusal.
  static func accepts<T: Equatable>(_ expected: T, _ body: () throws -> T) -> Verdict {
    guard let value = try? body(), value == expected else { return .refused }
    return .accepted
  }
}

extension SecretBytes {
  /// For comparison with a vector.
  borrowing func exposed() -> [UInt8] {
    withBytes { span in
      var bytes: [UInt8] = []
      for offset in 0..<span.byteCount { bytes.append(unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) }
      return bytes
    }
  }

  init(_ bytes: [UInt8]) {
    var copy = bytes
    self.init(erasing: &copy)
  }
}
