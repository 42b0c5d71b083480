import Terminal

/// The verbs of `vouchsafe doctor`.
let doctorCommands: [Command] = [
  Command(
    "doctor", "look at every part of a broker that an administrator sees from here, and say what is wrong",
    options: [
      Option("--profile", value: "production", "what is for tests and demonstrations is a fault"),
      Option("--vkey", value: "FILE", "the log's verifier key, where no client.json names it"),
    ] + ClientSettings.options + [.output],
    example: "vouchsafe doctor --state /var/lib/vouchsafe --profile production",
    run: { try await DoctorBroker.run($0) }),
  Command(
    "doctor node", "look for what a confidential pod needs of this machine, and say which piece is missing",
    options: [.output],
    example: "vouchsafe doctor node",
    run: { try DoctorNode.run($0) }),
]
