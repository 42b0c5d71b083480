import Terminal

/// The verbs of `vouchsafe evidence`.
let evidenceCommands: [Command] = [
  Command(
    "evidence verify", "check evidence against the vendors' roots, without any network",
    options: [
      EvidenceOptions.evidence, EvidenceOptions.tee, EvidenceOptions.collateral, EvidenceOptions.anchors,
      EvidenceOptions.at, EvidenceOptions.reportData, EvidenceOptions.skipCheck, .output,
    ],
    example: "vouchsafe evidence verify --evidence report.bin --collateral certs/ --at 2026-07-26T05:58:26Z -o json",
    run: { try EvidenceVerify.run($0) }),
  Command(
    "evidence show", "print what evidence says, unverified, or the built-in roots",
    options: [
      EvidenceOptions.evidence, EvidenceOptions.tee, Option("--anchors", "print the built-in roots instead"), .output,
    ],
    example: "vouchsafe evidence show --anchors",
    run: { try EvidenceShow.run($0) }),
]
