import CheapSignatures
import Glibc
import HostileDisk
import Platform
import Synchronization
import Terminal

// Runs histories of a broker's state on a hostile disk. Signatures are stand-ins here; scripts/crash-histories builds and
// calls it, and ends with status 1 at the first violation, naming its seed.

cheap_signatures_are_linked()

private struct Found {
  var histories = 0
  var released = 0
  var violation: (seed: UInt64, what: String)?
}

private func number(_ name: String, or standard: UInt64) -> UInt64 {
  let words = CommandLine.arguments
  guard let place = words.firstIndex(of: "--\(name)"), place + 1 < words.count else { return standard }
  return UInt64(words[place + 1]) ?? standard
}

private func chosenFault() -> CrashFS.Fault {
  let words = CommandLine.arguments
  guard let place = words.firstIndex(of: "--fault"), place + 1 < words.count else { return .none }
  guard let fault = CrashFS.Fault(rawValue: words[place + 1]) else {
    Console.note(
      "no fault \(words[place + 1]); there are \(CrashFS.Fault.allCases.map(\.rawValue).joined(separator: " "))")
    exit(2)
  }
  return fault
}

private func work(_ seeds: Range<UInt64>, _ next: borrowing Atomic<UInt64>, _ fault: CrashFS.Fault, _ cast: Cast)
  -> Found
{
  let thread = OneThread()
  var found = Found()
  while true {
    let seed = seeds.lowerBound + next.wrappingAdd(1, ordering: .relaxed).oldValue
    guard seed < seeds.upperBound, found.violation == nil else { return found }
    let result = thread.run { () -> (String?, Int) in
      var history = BrokerHistory(seed: seed, fault: fault, cast: cast, thread: thread)
      let violation = await history.run()
      return (violation, history.released.count)
    }
    found.histories += 1
    found.released += result?.1 ?? 0
    if let violation = result.map(\.0) ?? "it waits for something that nobody will do" {
      found.violation = (seed, violation)
      // The other threads find nothing left to do.
      next.store(UInt64(seeds.count), ordering: .relaxed)
    }
  }
}

private final class Total: Sendable {
  let next = Atomic<UInt64>(0)
  let found = Mutex(Found())
  let running = Atomic<Int>(0)

  func add(_ part: Found) {
    found.withLock { sum in
      sum.histories += part.histories
      sum.released += part.released
      if let violation = part.violation, sum.violation.map({ violation.seed < $0.seed }) ?? true {
        sum.violation = violation
      }
    }
    running.wrappingSubtract(1, ordering: .releasing)
  }
}

private let first = number("seed", or: 0)
private let seeds = first..<(first + number("count", or: 1000))
private let fault = chosenFault()
private let cast = try Cast()
private let total = Total()
private let threads = Int(number("threads", or: UInt64(max(1, Processors.available))))
total.running.store(threads, ordering: .relaxed)
for _ in 0..<threads {
  try OwnThread.start { [seeds, fault, cast, total] in total.add(work(seeds, total.next, fault, cast)) }
}
while total.running.load(ordering: .acquiring) > 0 { usleep(20_000) }
private let sum = total.found.withLock { $0 }
Console.line("\(sum.histories) histories, \(sum.released) releases")
if let violation = sum.violation {
  Console.line("violation: seed \(violation.seed): \(violation.what)")
  exit(1)
}
exit(0)
