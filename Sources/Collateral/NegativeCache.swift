package import Bytes

/// What a vendor said a short while ago that it has not, so that the same question is not sent again at once.
package struct NegativeCache: Sendable {
  /// Strangers name chips: beyond this the oldest are forgotten.
  package static let limit = 4096
  static let notFoundLife = Duration.seconds(600)
  /// An answer that was wrong: a server may mend that soon.
  static let refusedLife = Duration.seconds(60)

  private var entries: [CollateralKey: Timestamp] = [:]

  package init() {}

  package mutating func note(_ key: CollateralKey, _ fault: CollateralFault, at now: Timestamp) {
    switch fault.missing {
    case .notFound: entries[key] = now.adding(Self.notFoundLife)
    case .refused: entries[key] = now.adding(Self.refusedLife)
    case .unavailable, .rateLimited, .circuitOpen, .negativeCached: return
    }
    if entries.count > Self.limit { drop(at: now) }
  }

  package mutating func forget(_ key: CollateralKey) { entries[key] = nil }

  /// Until when the question is not worth asking; `nil` when it is.
  package func until(_ key: CollateralKey, at now: Timestamp) -> Timestamp? {
    entries[key].flatMap { now < $0 ? $0 : nil }
  }

  private mutating func drop(at now: Timestamp) {
    entries = entries.filter { now < $0.value }
    guard entries.count > Self.limit else { return }
    for (key, _) in entries.sorted(by: { $0.value < $1.value }).prefix(Self.limit / 8) { entries[key] = nil }
  }
}
