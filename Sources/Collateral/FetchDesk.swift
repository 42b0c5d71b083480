package import Bytes

/// Decides, for every question to a vendor, whether it is sent: one at a time for each artefact, not while the vendor said
/// no a moment ago, not while its server is failing, and not more often than it likes.
package struct FetchDesk: Sendable {
  package enum Decision: Sendable, Equatable {
    /// Send this, and say how it went.
    case send(VendorRequest)
    /// Somebody asks already: wait for the same answer.
    case join
    case refuse(MissingCollateral)
  }

  /// Questions on their way at once.
  package static let inFlightLimit = 48

  private struct Host: Sendable {
    var breaker = CircuitBreaker()
    var budget: CallBudget
  }

  private let endpoints: VendorEndpoints
  private var hosts: [String: Host] = [:]
  private var negative = NegativeCache()
  private var inFlight: [CollateralKey: VendorRequest] = [:]

  package init(_ endpoints: VendorEndpoints) { self.endpoints = endpoints }

  package var inFlightCount: Int { inFlight.count }

  package mutating func ask(_ key: CollateralKey, at now: Timestamp) -> Decision {
    if inFlight[key] != nil { return .join }
    if let until = negative.until(key, at: now) { return refuse(key, .negativeCached, until, now) }
    guard inFlight.count < Self.inFlightLimit else { return refuse(key, .unavailable, now.adding(.seconds(1)), now) }
    let request = endpoints.request(for: key)
    var host = hosts[request.host] ?? Host(budget: CallBudget(key.rate, at: now))
    defer { hosts[request.host] = host }
    // The budget first: a question that is not sent must not count as the breaker's one trial.
    var budget = host.budget
    if let until = budget.take(at: now) { return refuse(key, .rateLimited, until, now) }
    if let until = host.breaker.permits(at: now) { return refuse(key, .circuitOpen, until, now) }
    host.budget = budget
    inFlight[key] = request
    return .send(request)
  }

  /// What became of a question that was sent; `nil` for an artefact that was taken.
  ///
  /// - Returns: what those who wait are told.
  @discardableResult
  package mutating func finish(
    _ key: CollateralKey, _ fault: CollateralFault?, at now: Timestamp
  ) -> MissingCollateral? {
    guard let request = inFlight.removeValue(forKey: key), var host = hosts[request.host] else { return nil }
    defer { hosts[request.host] = host }
    guard let fault else {
      host.breaker.succeeded()
      negative.forget(key)
      return nil
    }
    negative.note(key, fault, at: now)
    if case .rateLimited(let delay) = fault { host.budget.limit(for: delay, at: now) }
    if fault.isOfTheServer { host.breaker.failed(at: now) } else { host.breaker.succeeded() }
    let delay: Duration? = if case .rateLimited(let delay) = fault { delay } else { nil }
    return MissingCollateral(key: key, code: fault.missing, retryAfterSeconds: delay.map(Self.seconds))
  }

  private func refuse(
    _ key: CollateralKey, _ code: MissingCollateral.Code, _ until: Timestamp, _ now: Timestamp
  ) -> Decision {
    .refuse(MissingCollateral(key: key, code: code, retryAfterSeconds: Self.seconds(until.duration(since: now))))
  }

  /// Rounded up: earlier would be too early.
  private static func seconds(_ delay: Duration) -> UInt32 {
    UInt32(clamping: (max(0, delay.milliseconds) + 999) / 1000)
  }
}

extension CollateralKey {
  /// How often the vendor may be asked.
  var rate: CallBudget.Rate {
    switch self {
    case .intelTCBInfo, .intelQEIdentity, .intelPCKRevocationList, .intelRootRevocationList: .intel
    case .amdCertificateChain, .amdVCEK, .amdRevocationList: .amd
    case .nvidiaManifest: .nvidia
    case .nvidiaAnswer: .responder
    }
  }
}
