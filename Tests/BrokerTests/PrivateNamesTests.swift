import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import SignedNotes
import SimulatedTEE
import Testing
import TransparencyLog
import Transport

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)

/// The names of one history, and a broker that lived it.
private struct History {
  let path: String
  let bundleName: String
  let bench: Bench

  static func lived(path: String, bundle name: String, privately: Bool = true) async throws -> History {
    let bench = try await Bench.make(.init(breakGlass: 1, privateNames: privately))
    let history = History(path: path, bundleName: name, bench: bench)
    try await history.live()
    return history
  }

  /// One of everything that writes a leaf with a name in it.
  private func live() async throws {
    #expect(try await bench.approve(bundle(bundleName)).status == 200)
    #expect(try await bench.admin(.put, "/v1/keys/\(path)?bundle=\(bundleName)", body: secret).status == 200)
    let (pod, _) = try await Pod.attested(bench)
    #expect(try await pod.fetch(bench, path).status == 200)
    _ = try await Pod.attested(bench) { $0.tee.measurement = [UInt8](repeating: 0x11, count: 48) }
    let glass = ReferenceStatement(
      kind: .breakGlass, scope: path, version: 1, previous: nil, notAfter: Bench.start.adding(.seconds(3600)),
      body: BreakGlassGrant.body(
        try ResourcePath(path), measurement: [UInt8](repeating: 1, count: 48), hostData: nil, reason: "test"))
    #expect(try await bench.submit(glass, by: bench.breakGlass).status == 200)
    #expect(try await bench.submit(.revoking("bundle/\(bundleName)"), by: [bench.approvers[0]]).status == 200)
    #expect(try await pod.fetch(bench, path).status == 403)
    #expect(try await bench.admin(.delete, "/v1/keys/\(path)").status == 200)
    await bench.broker.flushLog()
  }

  /// What a stranger can fetch, and what lies in the log's folder.
  var published: [[UInt8]] { get throws { try bench.disk.names.compactMap { try bench.disk.read($0) } } }

  var names: [String] {
    [path, bundleName, "bundle/\(bundleName)", "break-glass/\(path)"] + path.split(separator: "/").map(String.init)
  }
}

@Test func theLogOfPrivateNamesHoldsNone() async throws {
  let history = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama")
  for file in try history.published {
    for name in history.names { #expect(file.firstRange(of: Array(name.utf8)) == nil, "\(name)") }
  }
  let open = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama", privately: false)
  #expect(try open.published.contains { $0.firstRange(of: Array("prod-llama".utf8)) != nil })
}

/// An outsider who has a dictionary that holds the very names, and every salt that the log itself shows.
@Test func aDictionaryDoesNotTellWhichNamesOccur() async throws {
  let history = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama")
  var digests = Set<[UInt8]>()
  var shown: [[UInt8]] = [[], [UInt8](repeating: 0, count: 32)]
  for leaf in try await history.bench.entries() {
    for text in leaf.strings {
      shown.append(Array(text.utf8))
      guard let bytes = try? Hex.decode(text, "hex") else { continue }
      shown.append(bytes)
      if bytes.count == 32 { digests.insert(bytes) }
    }
  }
  #expect(digests.count > 20)
  for name in history.names {
    let text = Array(name.utf8)
    var guesses = [text, Array("\"\(name)\"".utf8), Array(("bundle \(name)").utf8)]
    for salt in shown { guesses += [salt + text, text + salt] }
    for guess in guesses { #expect(!digests.contains(Hash.sha256.digest(guess))) }
    for salt in shown { #expect(!digests.contains(NameCommitment(to: name, salt: salt).digest)) }
  }
}

/// Digests of documents that hold names tell nothing either: everything else in them is public or guessable.
@Test func theDigestsBesideNamesAreSaltedToo() async throws {
  let history = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama")
  let broker = history.bench.broker
  let leaves = try await history.bench.entries()
  let refused = try #require(leaves.last { $0["result"] == "deny" })
  let explanation = try Hex.decode(try #require(refused["explanation"]?.stringValue), "explanation")
  var document = try StrictJSON.parse(try await broker.evidence.read(explanation)).objectValue
  #expect(document?["salt"] != nil)
  document?["salt"] = nil
  #expect(Hash.sha256.digest(CanonicalJSON.encode(.object(document ?? JSONObject()))) != explanation)
  let deletion = try #require(leaves.last?["record"]?.stringValue)
  #expect(Hex.encode(Hash.sha256.digest(Array(history.path.utf8))) != deletion)
  let values = await broker.registry.snapshot.values
  let unsalted = ReferenceValues(quorum: values.quorum, breakGlass: values.breakGlassQuorum)
  #expect(
    ReferenceValues(quorum: values.quorum, breakGlass: values.breakGlassQuorum, salt: [1]).digest != unsalted.digest)
  #expect(leaves[1]["refvalues"]?.stringValue != Hex.encode(unsalted.digest))
}

/// Two histories that differ in their names alone look the same: every leaf has the same members and the same length.
@Test func aLogOfOtherNamesLooksTheSame() async throws {
  let one = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama").bench.entries()
  let other = try await History.lived(path: "m/x/k", bundle: "a").bench.entries()
  #expect(one.count == other.count)
  for (left, right) in zip(one, other) {
    #expect(CanonicalJSON.encode(left).count == CanonicalJSON.encode(right).count, "\(CanonicalJSON.text(left))")
    #expect(left.objectValue?.keys == right.objectValue?.keys)
  }
}

@Test func theSameNameLooksDifferentEachTime() async throws {
  let history = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama")
  let seen = try await history.bench.entries().compactMap { $0["resource"].flatMap(NameCommitment.init) }
  #expect(seen.count >= 4 && Set(seen).count == seen.count)
}

@Test func anAuditorIsToldTheNamesAndChecksThem() async throws {
  let history = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama")
  let answer = try await history.bench.admin(.get, "/v1/openings?from=0&count=1000", as: [.auditor])
  let openings = try NameOpenings(parsing: answer.body)
  let open = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama", privately: false)
  let plain = try await open.bench.entries()
  for (leaf, wanted) in zip(try await history.bench.entries(), plain) {
    for member in LeafNames.members {
      #expect(openings.opening(leaf)[member] == wanted[member], "\(member) of \(CanonicalJSON.text(leaf))")
    }
  }
  let forged = NameOpenings(
    log: openings.log, openings: openings.openings.map { .init(index: $0.index, name: "other", salt: $0.salt) })
  for leaf in try await history.bench.entries() { #expect(forged.opening(leaf) == leaf) }
  #expect(
    try await open.bench.admin(.get, "/v1/openings?from=0&count=1000").json["openings"]?.arrayValue?.isEmpty == true)
  for target in ["/v1/openings", "/v1/openings?from=-1&count=1", "/v1/openings?from=0&count=x"] {
    #expect(try await history.bench.admin(.get, target).status == 400)
  }
  let far = try await history.bench.admin(.get, "/v1/openings?from=18446744073709551615&count=18446744073709551615")
  #expect(far.json["openings"]?.arrayValue?.isEmpty == true)
}

@Test func aRestartReadsBackWhatALogOfPrivateNamesSays() async throws {
  let history = try await History.lived(path: "acme-corp/secret-llama/key-seven", bundle: "prod-llama")
  let again = try await history.bench.restarted()
  let (before, after) = (await history.bench.broker.registry.snapshot, await again.broker.registry.snapshot)
  #expect(after.values == before.values && after.keys == before.keys && after.history == before.history)
  #expect(after.keys.isEmpty && after.history.count == 1)
  let openings = try await again.broker.openings(from: 0, count: 100)
  #expect(openings == (try await history.bench.broker.openings(from: 0, count: 100)))
}

@Test func theKeyComesWithTheOpeningOfItsName() async throws {
  let bench = try await Bench.make(.init(privateNames: true))
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  let (pod, _) = try await Pod.attested(bench)
  let released = try await pod.fetch(bench)
  let salt = try Base64.decode(try #require(released.header(NameCommitment.header)), .standard, "salt")
  let proof = try TlogProof(
    parsing: try Base64.decode(try #require(released.header("Vouchsafe-Log-Proof")), .standard, "proof"))
  let leaf = try StrictJSON.parse(try #require(proof.extra))
  #expect(NameCommitment.isName("models/demo/key", in: leaf["resource"], salt: salt))
  #expect(!NameCommitment.isName("models/demo/key2", in: leaf["resource"], salt: salt))
  #expect(!NameCommitment.isName("models/demo/key", in: leaf["resource"], salt: nil))
}

extension JSONValue {
  /// Every text in the document.
  fileprivate var strings: [String] {
    switch self {
    case .string(let text): [text]
    case .array(let items): items.flatMap(\.strings)
    case .object(let object): object.members.flatMap { $0.value.strings }
    default: []
    }
  }
}
