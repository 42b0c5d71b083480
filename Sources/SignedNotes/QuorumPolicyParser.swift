import Bytes

extension QuorumPolicy {
  package static let limitBytes = 1 << 16
  package static let limitNames = 256

  /// - Parameter algorithm: how members sign: witnesses cosign (0x04), approvers sign plainly (0x01).
  /// - Throws: `.malformed` with the line's byte offset, or what `NoteVerifierKey` throws.
  package init(parsing bytes: [UInt8], members algorithm: NoteAlgorithm = .cosignature) throws(NoteError) {
    try Self.checkCharacters(bytes)
    var parser = Parser(algorithm: algorithm)
    var offset = 0
    for line in bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false) {
      try parser.read(line, at: offset)
      offset += line.count + 1
    }
    guard parser.hasQuorum else { throw .malformed(ParseError("quorum", .missing)) }
    self = parser.policy
  }

  private static func checkCharacters(_ bytes: [UInt8]) throws(NoteError) {
    guard bytes.count <= limitBytes else { throw .malformed(ParseError("policy", .tooLong)) }
    guard bytes.last == 0x0A else { throw .malformed(ParseError("policy", .truncated, at: bytes.count)) }
    if let bad = bytes.firstIndex(where: { ($0 < 0x20 && $0 != 0x09 && $0 != 0x0A) || $0 == 0x7F }) {
      throw .malformed(ParseError("policy", .unexpected, at: bad))
    }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed(ParseError("policy", .notUTF8)) }
  }

  private struct Parser {
    let algorithm: NoteAlgorithm
    var policy = QuorumPolicy()
    var hasQuorum = false
    /// Names are octets: two spellings that Swift calls equal are not one name.
    private var defined = Set<[UInt8]>()
    private var used = Set<[UInt8]>()

    init(algorithm: NoteAlgorithm) { self.algorithm = algorithm }

    mutating func read(_ line: ArraySlice<UInt8>, at offset: Int) throws(NoteError) {
      let words = line.split { $0 == 0x20 || $0 == 0x09 }.map { String(decoding: $0, as: UTF8.self) }
      guard let keyword = words.first, !keyword.utf8.starts(with: [UInt8(ascii: "#")]) else { return }
      switch keyword {
      case "log" where (2...3).contains(words.count): try log(words, offset)
      case "witness" where (3...4).contains(words.count): try member(words, offset)
      case "group" where words.count >= 4: try group(words, offset)
      case "quorum" where words.count == 2: try quorum(words[1], offset)
      default: throw .malformed(ParseError("policy.line", .unexpected, at: offset))
      }
    }

    private mutating func log(_ words: [String], _ offset: Int) throws(NoteError) {
      let key = try NoteVerifierKey(vkey: words[1])
      guard key.algorithm == .ed25519 else { throw .unsupportedKeyType }
      guard !policy.logs.contains(where: { $0.key.publicKey == key.publicKey }) else {
        throw .malformed(ParseError("log", .duplicate, at: offset))
      }
      policy.logs.append(Log(key: key, url: words.count > 2 ? words[2] : nil))
    }

    private mutating func member(_ words: [String], _ offset: Int) throws(NoteError) {
      let key = try NoteVerifierKey(vkey: words[2])
      guard key.algorithm == algorithm else { throw .unsupportedKeyType }
      guard !policy.members.contains(where: { $0.key.publicKey == key.publicKey }) else {
        throw .malformed(ParseError("witness", .duplicate, at: offset))
      }
      try define(words[1], offset)
      policy.members.append(Member(name: words[1], key: key, url: words.count > 3 ? words[3] : nil))
    }

    private mutating func group(_ words: [String], _ offset: Int) throws(NoteError) {
      let members = Array(words[3...])
      for member in members {
        let octets = Array(member.utf8)
        guard defined.contains(octets) else { throw .malformed(ParseError("group.member", .missing, at: offset)) }
        guard used.insert(octets).inserted else {
          throw .malformed(ParseError("group.member", .duplicate, at: offset))
        }
      }
      let threshold: Int
      switch words[2] {
      case "all": threshold = members.count
      case "any": threshold = 1
      default:
        guard let number = Int(words[2]), String(number) == words[2], (1...members.count).contains(number) else {
          throw .malformed(ParseError("group.threshold", .outOfRange, at: offset))
        }
        threshold = number
      }
      try define(words[1], offset)
      policy.groups.append(Group(name: words[1], threshold: threshold, members: members))
    }

    private mutating func quorum(_ name: String, _ offset: Int) throws(NoteError) {
      guard !hasQuorum else { throw .malformed(ParseError("quorum", .duplicate, at: offset)) }
      hasQuorum = true
      guard name != "none" else { return }
      guard defined.contains(Array(name.utf8)) else { throw .malformed(ParseError("quorum", .missing, at: offset)) }
      policy.quorum = name
    }

    /// Refuses a name that is taken, also by one that only Swift's `==` equates with it: lookups go by `==`.
    private mutating func define(_ name: String, _ offset: Int) throws(NoteError) {
      guard name != "none", !policy.members.contains(where: { $0.name == name }),
        !policy.groups.contains(where: { $0.name == name })
      else { throw .malformed(ParseError("policy.name", .duplicate, at: offset)) }
      guard defined.count < QuorumPolicy.limitNames else {
        throw .malformed(ParseError("policy.name", .tooLong, at: offset))
      }
      defined.insert(Array(name.utf8))
    }
  }
}
