import Appraisal
import Bytes
import KBSProtocol
import TransparencyLog

extension KeyBroker {
  /// Entries of which one request may ask the openings.
  static let openingLimit: UInt64 = 4096

  /// The openings of the names in these entries, for an auditor. A log with names in clear has none.
  ///
  /// The names are not kept with their entries: each is found among those that the registry has ever seen.
  func openings(from first: UInt64, count: UInt64) async throws -> NameOpenings {
    let (size, snapshot) = (await log.size, await registry.snapshot)
    let end = min(size, first.addingReportingOverflow(min(count, Self.openingLimit)).partialValue)
    var known = snapshot.knownNames
    var found: [NameOpenings.Opening] = []
    for index in first..<max(first, end) {
      guard let leaf = try? StrictJSON.parse(try await log.entry(at: index)), let writer = names.writer(of: leaf)
      else { continue }
      for (place, commitment) in writer.places(in: leaf) {
        guard let salt = writer.salt(of: place) else { continue }
        if let place = known.firstIndex(where: { NameCommitment(to: $0, salt: salt) == commitment }) {
          found.append(.init(index: index, name: known[place], salt: salt))
          // Names that occur go to the front: they will occur again.
          known.insert(known.remove(at: place), at: 0)
        }
      }
    }
    return NameOpenings(
      log: instance.logName, valuesSalt: names.isPrivate ? keyring.valuesSalt : nil, openings: found)
  }
}

extension RegistrySnapshot {
  /// Every name that a leaf of this registry's log can hold.
  fileprivate var knownNames: [String] {
    var known: [String] = history.keys.map(\.text).sorted()
    known += values.bundles.keys.sorted() + history.keys.map { ReferenceValues.breakGlassName($0) }.sorted()
    return known + values.scopes.filter { !known.contains($0) }
  }
}
