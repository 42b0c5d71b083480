import Bytes
import SimulatedTEE
import Terminal

private let guestOptions = [
  Option("--pki", value: "DIR", "where the simulated keys lie; made, with DIR/anchors.json, when absent"),
  Option("--product", value: "Milan|Genoa|Turin", "the simulated processor; default: Milan"),
  Option("--measurement", value: "HEX", "launch digest, 48 bytes"),
  Option("--host-data", value: "HEX", "32 bytes, such as an init-data digest"),
  Option("--vmpl", value: "N", "privilege level that asks for the report"),
  Option("--tcb", value: "B.T.S.U", "all four TCB versions"),
  Option("--report-version", value: "N", "2, 3, 4 or 5"),
  Option("--policy", value: "0x…", "guest policy"),
  Option("--debug", "a policy that permits debugging"),
  Option("--vlek", "sign with a versioned loaded key and hide the chip id"),
  Option("--no-certificates", "send the report alone, as hosts without a certificate table do"),
  Option("--set", value: "FIELD=VALUE", repeats: true, "any other field of the report"),
]

/// The verbs of the simulator.
let simulatorCommands: [Command] = [
  Command(
    "serve", "answer like a pod's api-server-rest, with SIMULATED evidence",
    options: [Option("--listen", value: "HOST:PORT", "default: 127.0.0.1:8006")] + guestOptions,
    example: "simulated-tee serve --pki /tmp/simulated --measurement $(printf 'ab%.0s' $(seq 48))",
    run: { try await Simulator.serve($0) }),
  Command(
    "mint", "write one SIMULATED piece of evidence",
    options: [
      Option("--report-data", value: "HEX", "at most 64 bytes; zeros follow"),
      Option("--out", value: "FILE|-", "default: standard output"),
      Option("--raw", "the report and its certificate table instead of JSON"),
    ] + guestOptions,
    example: "simulated-tee mint --pki /tmp/simulated --report-data 00ff --out evidence.json",
    run: { try Simulator.mint($0) }),
  Command(
    "anchors", "print the anchors file that makes a verifier believe the simulator",
    options: [Option("--pki", value: "DIR", "where the simulated keys lie")],
    example: "simulated-tee anchors --pki /tmp/simulated",
    run: { try Simulator.anchors($0) }),
]
