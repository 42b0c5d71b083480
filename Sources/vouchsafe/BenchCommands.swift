import Terminal

/// The verbs of `vouchsafe bench`: what this machine manages, measured on a person's own inputs.
let benchCommands: [Command] = [
  Command(
    "bench verify", "measure how often a second one thread can verify evidence",
    options: [
      EvidenceOptions.evidence, EvidenceOptions.tee, EvidenceOptions.collateral, EvidenceOptions.anchors,
      EvidenceOptions.at, Option("--seconds", value: "N", "how long to measure in all (default: 5)"), .output,
    ],
    example: "vouchsafe bench verify --evidence quote.bin --collateral certs/ --at 2025-06-30T00:00:00Z --seconds 5",
    run: { try BenchVerify.run($0) }),
  BenchWeights.command,
]
