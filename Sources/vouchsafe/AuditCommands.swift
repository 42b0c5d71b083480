import Terminal

/// The verbs of `vouchsafe audit`.
let auditCommands: [Command] = [
  Command(
    "audit verify", arguments: "PACK|DIR|URL",
    "recompute a whole log from its entries and hold it against its key; of a pack, make every decision again",
    options: [
      AuditOptions.vkey, AuditOptions.policy,
      Option(
        "--known", value: "FILE", repeats: true, "a checkpoint that was saved earlier; the log must begin with it"),
      Option("--save", value: "FILE", "where to keep the verified checkpoint, for --known next time"),
      AuditOptions.ca, .output,
    ],
    example: "vouchsafe audit verify https://broker.example:8443/log --vkey log.vkey --known last.checkpoint",
    run: { try await AuditVerify.run($0) }),
  Command(
    "audit show", arguments: "DIR|URL INDEX", "print one entry of a log, checked against the signed root",
    options: [AuditOptions.vkey, AuditOptions.policy, AuditOptions.ca, AuditOptions.openings, .output],
    example: "vouchsafe audit show ./log 17 --vkey log.vkey",
    run: { try await AuditShow.run($0) }),
  Command(
    "audit reveal", "ask a broker for the names that its log keeps private: the openings, for --openings FILE",
    options: [
      Option("--out", value: "FILE", "where the openings go"),
      Option("--from", value: "INDEX", "the first entry (default 0)"),
      Option("--to", value: "INDEX", "the last entry (default: the log's last)"),
    ] + ClientSettings.options,
    example: "vouchsafe audit reveal --from 1000 --to 2000 --out march.openings --state /var/lib/vouchsafe",
    run: { try await AuditReveal.run($0) }),
  Command(
    "audit replay", arguments: "[INDEX]",
    "make a logged decision again from what was stored with it, and compare",
    options: [
      AuditReplay.log, AuditReplay.evidence,
      Option("--all", "every decision, and the registry from its first entry on"),
      AuditOptions.vkey, AuditOptions.policy, AuditOptions.ca, AuditOptions.openings, .output,
    ],
    example: "vouchsafe audit replay 41 --log ./log --evidence ./evidence --vkey log.vkey",
    run: { try await AuditReplay.run($0) }),
  Command(
    "audit proof", arguments: "FILE", "check a proof that an entry is in a log, without any network",
    options: [AuditOptions.vkey, AuditOptions.policy, .output],
    example: "vouchsafe audit proof release.tlog-proof --vkey log.vkey -o json",
    run: { try AuditProof.run($0) }),
  AuditPack.command,
  AuditFetch.command, AuditMonitor.command, AuditReportCommand.command, AuditWitness.command, AuditRelay.command,
]
