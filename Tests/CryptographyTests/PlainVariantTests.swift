import Bytes
import Testing

@testable import Cryptography

/// Chains that are signed rightly and are otherwise than Intel's: none of them is taken without asking libcrypto.
@Suite struct PlainVariantTests {
  private typealias Variant = (name: String, change: (inout PlainWorld) -> Void)

  private let certificates: [(String, WritableKeyPath<PlainWorld, PlainWorld.Issued>)] = [
    ("leaf", \.leaf), ("middle", \.middle),
  ]
  private let lists: [(String, WritableKeyPath<PlainWorld, PlainWorld.Listed>)] = [
    ("middle's list", \.middleList), ("root's list", \.rootList),
  ]

  private func expectNotPlain(_ variants: [Variant], _ place: String) {
    for (name, change) in variants {
      var world = PlainWorld()
      change(&world)
      #expect(world.verdicts().plain == nil, "\(place): \(name)")
    }
  }

  /// Extensions left out, repeated, more or less critical, or with another content.
  private static func extensions(
    _ part: WritableKeyPath<PlainWorld, PlainWorld.Signed>, _ count: Int
  ) -> [Variant] {
    var variants: [Variant] = []
    for index in 0..<count {
      variants.append(("extension \(index) left out", { $0[keyPath: part].extensions.remove(at: index) }))
      variants.append(
        ("extension \(index) twice", { $0[keyPath: part].extensions.append($0[keyPath: part].extensions[index]) }))
      variants.append(
        ("extension \(index) as critical as it ought not to be", { Self.toggle(&$0[keyPath: part].extensions[index]) }))
    }
    variants.append(("an unknown extension", { $0[keyPath: part].extensions.append(Mint.entry([1, 2, 3], [5, 0])) }))
    variants.append(
      ("a critical one", { $0[keyPath: part].extensions.append(Mint.entry([1, 2, 3], isCritical: true, [5, 0])) }))
    variants.append(("none", { $0[keyPath: part].extensions = [] }))
    variants.append(
      ("another authority's key", { $0[keyPath: part].extensions.replace(PlainWorld.authorityKey([1, 2, 3])) }))
    return variants
  }

  private static func toggle(_ entry: inout [UInt8]) {
    guard let item = ExtensionParts(entry) else { return }
    entry = DER.sequence(
      DER.element(0x06, item.identifier), item.isCritical ? [] : DER.true, DER.octetString(item.value))
  }

  @Test func certificatesWithOtherExtensions() {
    for (place, part) in certificates {
      expectNotPlain(Self.extensions(part.appending(path: \.signed), 5), place)
    }
    expectNotPlain(
      [
        ("an authority", { $0.leaf.signed.extensions.replace(PlainWorld.authority) }),
        ("may sign certificates", { $0.leaf.signed.extensions.replace(PlainWorld.usage(0xC4, unused: 2)) }),
        ("no usage that is any", { $0.leaf.signed.extensions.replace(PlainWorld.usage(0x80, unused: 7)) }),
        ("a path length", { $0.leaf.signed.extensions.replace(PlainWorld.constraints(DER.integer([0]))) }),
      ], "leaf")
    expectNotPlain(
      [
        ("no authority", { $0.middle.signed.extensions.replace(PlainWorld.endEntity) }),
        ("no path length", { $0.middle.signed.extensions.replace(PlainWorld.constraints(DER.true)) }),
        ("may not sign certificates", { $0.middle.signed.extensions.replace(PlainWorld.usage(0x02, unused: 1)) }),
        ("may not sign lists", { $0.middle.signed.extensions.replace(PlainWorld.usage(0x04, unused: 2)) }),
        (
          "another subject key",
          { $0.middle.signed.extensions.replace(PlainWorld.subjectKey(Array(repeating: 7, count: 20))) }
        ),
      ], "middle")
  }

  @Test func certificatesOtherwiseMade() {
    for (place, part) in certificates {
      let signed = part.appending(path: \.signed)
      expectNotPlain(
        [
          ("version 1", { $0[keyPath: signed].version = [] }),
          ("version 2", { $0[keyPath: signed].version = DER.element(0xA0, DER.integer([1])) }),
          ("a negative serial number", { $0[keyPath: signed].serial = [0x02, 1, 0x80] }),
          ("a padded serial number", { $0[keyPath: signed].serial = [0x02, 2, 0, 1] }),
          ("another algorithm inside", { $0[keyPath: signed].algorithm = Mint.ecdsaSHA1 }),
          ("another algorithm outside", { $0[keyPath: signed].outerAlgorithm = Mint.ecdsaSHA1 }),
          ("another issuer", { $0[keyPath: signed].issuer = Mint.name("another") }),
          ("its own issuer", { $0[keyPath: part].subject = $0[keyPath: signed].issuer }),
          ("the root's name", { $0[keyPath: part].subject = $0.root.subject }),
          ("another signer", { $0[keyPath: signed].forger = .generate() }),
          ("not yet", { $0[keyPath: signed].first = PlainWorld.time("260101000000Z") }),
          ("no more", { $0[keyPath: signed].last = PlainWorld.time("250201000000Z") }),
          ("a time without seconds", { $0[keyPath: signed].last = DER.element(0x17, Array("2701010000Z".utf8)) }),
          ("a time with an offset", { $0[keyPath: signed].last = DER.element(0x17, Array("270101000000+0000".utf8)) }),
          ("a day that is none", { $0[keyPath: signed].last = PlainWorld.time("270231000000Z") }),
          ("no key", { $0[keyPath: part].key = [0x30, 0] }),
          ("a key off the curve", { $0[keyPath: part].key[60] ^= 1 }),
          ("a name that is not ASCII", { $0[keyPath: signed].issuer = Mint.name("\u{e9}") }),
        ], place)
    }
  }

  @Test func listsOtherwiseMade() {
    for (place, part) in lists {
      let signed = part.appending(path: \.signed)
      expectNotPlain(
        Self.extensions(signed, 2).filter { place == "middle's list" || !$0.name.contains("another") }, place)
      expectNotPlain(
        [
          ("version 1", { $0[keyPath: signed].version = [] }),
          ("another algorithm", { $0[keyPath: signed].algorithm = Mint.ecdsaSHA1 }),
          ("another algorithm outside", { $0[keyPath: signed].outerAlgorithm = Mint.ecdsaSHA1 }),
          ("another issuer", { $0[keyPath: signed].issuer = Mint.name("another") }),
          ("another signer", { $0[keyPath: signed].forger = .generate() }),
          ("not yet", { $0[keyPath: signed].first = PlainWorld.time("260101000000Z") }),
          ("no more", { $0[keyPath: signed].last = PlainWorld.time("250201000000Z") }),
          ("no end", { $0[keyPath: signed].last = [] }),
          ("revoked", { $0[keyPath: part].entries = [PlainWorld.entry([0x11])] }),
          ("revoked for a reason", { $0[keyPath: part].entries = [PlainWorld.entry([0x11], reason: 1)] }),
          ("a revocation taken back", { $0[keyPath: part].entries = [PlainWorld.entry([0x12], reason: 8)] }),
          ("a reason that is none", { $0[keyPath: part].entries = [PlainWorld.entry([0x12], reason: 11)] }),
          (
            "a delta",
            { $0[keyPath: signed].extensions.append(Mint.entry([2, 5, 29, 27], isCritical: true, [2, 1, 1])) }
          ),
        ], place)
    }
    var world = PlainWorld()
    world.moreLists = [PlainWorld().lists[1]]
    #expect(world.verdicts().plain == nil, "two lists of one issuer's name")
  }

  @Test func otherProfilesAreLeftToLibcrypto() {
    for profile in [
      ChainProfile.amd, .intelTCBSigning, ChainProfile(certificateCount: 2...2, strict: true, revocation: .whenPresent),
    ] {
      var world = PlainWorld()
      world.profile = profile
      #expect(world.verdicts().plain == nil)
    }
  }
}

extension [[UInt8]] {
  /// Puts an extension in the place of the one with the same identifier.
  fileprivate mutating func replace(_ entry: [UInt8]) {
    for index in indices where ExtensionParts(self[index])?.identifier == ExtensionParts(entry)?.identifier {
      self[index] = entry
    }
  }
}

/// One extension, taken apart.
private struct ExtensionParts {
  let identifier: [UInt8]
  let isCritical: Bool
  let value: [UInt8]

  init?(_ entry: [UInt8]) {
    var outer = DERReader(entry[...])
    guard let item = outer.element(0x30) else { return nil }
    var parts = DERReader(item)
    guard let identifier = parts.element(0x06) else { return nil }
    isCritical = parts.boolean() ?? false
    guard let value = parts.element(0x04) else { return nil }
    (self.identifier, self.value) = (Array(identifier), Array(value))
  }
}
