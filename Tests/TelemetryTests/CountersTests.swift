import Testing

@testable import Telemetry

@Test func theExpositionListsEachMetricOnceWithItsHelp() {
  let counters = Counters(help: ["decisions_total": (kind: "counter", text: "Decisions made.")])
  counters.add(.init("decisions_total", .init("result", "allow")))
  counters.add(.init("decisions_total", .init("result", "deny")), 2)
  counters.set(.init("log_size"), 7)
  #expect(
    counters.exposition() == """
      # HELP decisions_total Decisions made.
      # TYPE decisions_total counter
      decisions_total{result="allow"} 1
      decisions_total{result="deny"} 2
      log_size 7

      """)
}

@Test func countsFromManyTasksAreNotLost() async {
  let counters = Counters(help: [:])
  await withTaskGroup(of: Void.self) { group in
    for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counters.add(.init("n")) } } }
  }
  #expect(counters.value(.init("n")) == 8000)
}
