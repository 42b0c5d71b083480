import Bytes

/// Who must have signed: named keys, groups of them, and the one name that decides. Vouched for by whoever wrote the file.
///
/// The same grammar serves a log's witnesses and the approvers of reference values. Spec: C2SP tlog-policy; stricter in
/// that the file is UTF-8 and holds at most 256 names.
package struct QuorumPolicy: Equatable, Sendable {
  package struct Log: Equatable, Sendable {
    package let key: NoteVerifierKey
    package let url: String?
  }

  /// One who may sign. The name holds inside the policy only; the key has its own.
  package struct Member: Equatable, Sendable {
    package let name: String
    package let key: NoteVerifierKey
    package let url: String?
  }

  package struct Group: Equatable, Sendable {
    package let name: String
    /// 1 … members.count.
    package let threshold: Int
    package let members: [String]
  }

  package internal(set) var logs: [Log] = []
  package internal(set) var members: [Member] = []
  package internal(set) var groups: [Group] = []
  /// `nil` for `quorum none`: nobody has to sign.
  package internal(set) var quorum: String?

  init() {}

  /// `threshold` of `members`, each under its key's own name.
  package init(threshold: Int, of keys: [NoteVerifierKey]) throws(NoteError) {
    var text = keys.map { "witness \($0.name) \($0.text)\n" }.joined()
    text += "group quorum-group \(threshold) \(keys.map(\.name).joined(separator: " "))\nquorum quorum-group\n"
    try self.init(parsing: Array(text.utf8), members: keys.first?.algorithm ?? .ed25519)
  }

  /// Whether these members are enough. Names that the policy does not know count for nothing.
  package func isSatisfied(by names: Set<String>) -> Bool {
    guard let quorum else { return true }
    return isSatisfied(quorum, by: names)
  }

  /// The members, by the policy's names, whose signatures stand under the note.
  /// - Throws: `.badSignature` when any member's signature is wrong. A note that no member signed gives the empty set.
  package func signers(of note: SignedNote) throws(NoteError) -> Set<String> {
    do throws(NoteError) {
      let keys = Set(try note.verifiedSignatures(by: members.map(\.key)).map(\.key))
      return Set(members.filter { keys.contains($0.key) }.map(\.name))
    } catch .noKnownSignature { return [] }
  }

  package func isSatisfied(by note: SignedNote) throws(NoteError) -> Bool { isSatisfied(by: try signers(of: note)) }

  /// The least number of signers that can satisfy it; 0 only for `quorum none`.
  package var leastSigners: Int { quorum.map { leastSigners($0) } ?? 0 }

  package var text: String {
    var text = ""
    for log in logs { text += "log \(log.key.text)\(log.url.map { " " + $0 } ?? "")\n" }
    for member in members { text += "witness \(member.name) \(member.key.text)\(member.url.map { " " + $0 } ?? "")\n" }
    for group in groups { text += "group \(group.name) \(group.threshold) \(group.members.joined(separator: " "))\n" }
    return text + "quorum \(quorum ?? "none")\n"
  }

  private func isSatisfied(_ name: String, by names: Set<String>) -> Bool {
    guard let group = groups.first(where: { $0.name == name }) else { return names.contains(name) }
    return group.members.count { isSatisfied($0, by: names) } >= group.threshold
  }

  private func leastSigners(_ name: String) -> Int {
    guard let group = groups.first(where: { $0.name == name }) else { return 1 }
    return group.members.map { leastSigners($0) }.sorted().prefix(group.threshold).reduce(0, +)
  }
}
