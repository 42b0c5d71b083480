import Bytes
import SimulatedTEE
import Terminal

private let guestOptions = [
  Option("--pki", value: "DIR", "where the simulated keys lie; made, with DIR/anchors.json, when absent"),
  Option("--tee", value: "snp|tdx", "what is simulated; default: snp; mint takes nvidia as well"),
  Option("--gpus", value: "N", "so many GPUs, which answer beside the processor"),
  Option("--gpu-switches", "eight GPUs behind four switches"),
  Option(
    "--gpu-fault", value: "NAME", "one thing wrong with the last GPU, such as duplicate, or with its vendor's word"),
  Option("--mrtd", value: "HEX", "tdx: measurement of the domain, 48 bytes"),
  Option("--mrconfigid", value: "HEX", "tdx: 48 bytes, such as an init-data digest"),
  Option("--quote-version", value: "4|5", "tdx: default 4"),
  Option("--event-log", "tdx: send a boot log, and registers that follow from it"),
  Option(
    "--issued-at", value: "TIME", "tdx, GPUs: date of the collateral, good for 30 days or one; default: an hour ago"),
  Option("--collateral", value: "DIR", "tdx, GPUs: write the collateral that goes with the evidence"),
  Option("--product", value: "Milan|Genoa|Turin", "snp: the processor; default: Milan"),
  Option("--measurement", value: "HEX", "snp: launch digest, 48 bytes"),
  Option("--host-data", value: "HEX", "snp: 32 bytes, such as an init-data digest"),
  Option("--vmpl", value: "N", "snp: privilege level that asks for the report"),
  Option("--tcb", value: "B.T.S.U", "snp: all four TCB versions"),
  Option("--report-version", value: "N", "snp: 2, 3, 4 or 5"),
  Option("--policy", value: "0x…", "snp: guest policy"),
  Option("--debug", "a guest that can be debugged"),
  Option("--vlek", "snp: sign with a versioned loaded key and hide the chip id"),
  Option("--no-certificates", "snp: send the report alone, as hosts without a certificate table do"),
  Option(
    "--set", value: "FIELD=VALUE", repeats: true, "any other field of report or quote, and tdx: of its platform and TCB"
  ),
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
      Option("--raw", "what the hardware hands out instead of JSON"),
    ] + guestOptions,
    example: "simulated-tee mint --pki /tmp/simulated --report-data 00ff --out evidence.json",
    run: { try Simulator.mint($0) }),
  Command(
    "vendors", "answer like Intel's and AMD's services, about SIMULATED hardware",
    options: SimulatedVendorVerb.options,
    example: "simulated-tee vendors --pki /tmp/simulated --port 8010",
    run: { try await SimulatedVendorVerb.run($0) }),
  Command(
    "anchors", "print the anchors file that makes a verifier believe the simulator",
    options: [Option("--pki", value: "DIR", "where the simulated keys lie")],
    example: "simulated-tee anchors --pki /tmp/simulated",
    run: { try Simulator.anchors($0) }),
]
