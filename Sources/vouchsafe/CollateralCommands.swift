import Terminal

/// The verbs of `vouchsafe collateral`.
let collateralCommands: [Command] = [
  Command(
    "collateral fetch", arguments: "[KEY]...",
    "ask the vendors for what they signed, prove it, and keep it; without a key, for what is due",
    options: [
      CollateralOptions.store, CollateralFetch.evidence, CollateralFetch.again, CollateralFetch.dryRun,
      CollateralFetch.patience,
    ] + CollateralOptions.vendors + [EvidenceOptions.anchors, .output],
    example: "vouchsafe collateral fetch --evidence quote.bin --store /var/lib/vouchsafe/collateral",
    run: { try await CollateralFetch.run($0) }),
  Command(
    "collateral serve", "keep a store fresh, and answer brokers on a Unix socket",
    options: [
      CollateralOptions.store, CollateralServe.socket, CollateralServe.socketMode,
    ] + CollateralOptions.vendors + [EvidenceOptions.anchors],
    example: "vouchsafe collateral serve --store /var/lib/vouchsafe/collateral --socket /run/vouchsafe/collateral",
    run: { try await CollateralServe.run($0) }),
  Command(
    "collateral status", arguments: "[DIR]", "what a store or any folder holds, and how long it lasts",
    options: [CollateralOptions.store, EvidenceOptions.at, EvidenceOptions.anchors, .output],
    example: "vouchsafe collateral status /var/lib/vouchsafe/collateral",
    run: { try CollateralStatus.run($0) }),
  Command(
    "collateral export", arguments: "FILE|-", "write what a store holds into one file, for a network without a way out",
    options: [CollateralOptions.store, EvidenceOptions.at, EvidenceOptions.anchors, .output],
    example: "vouchsafe collateral export --store /var/lib/vouchsafe/collateral collateral.json",
    run: { try CollateralExport.run($0) }),
  Command(
    "collateral import", arguments: "FILE|DIR...",
    "prove the artefacts of exported files and of folders, and keep them",
    options: [CollateralOptions.store, EvidenceOptions.at, EvidenceOptions.anchors, .output],
    example: "vouchsafe collateral import collateral.json --store /var/lib/vouchsafe/collateral",
    run: { try CollateralImport.run($0) }),
  Command(
    "collateral check", arguments: "FILE...", "say what an artefact is, who signed it and whether it holds",
    options: [EvidenceOptions.collateral, EvidenceOptions.at, EvidenceOptions.anchors, .output],
    example: "vouchsafe collateral check tcb-info.json --collateral certs/ --at 2026-07-26T05:58:26Z -o json",
    run: { try CollateralCheck.run($0) }),
]
