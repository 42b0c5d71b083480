"""Verdicts on NVIDIA evidence by one thread, beside the P-384 signatures that it takes to come to them."""
import subprocess

from bench import in_rounds, openssl_verify_rate, ratio, table
import bench_verify

NONCE, ISSUED, NOW = "a5" * 32, "2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"
# Signatures on P-384 in what is verified. Of a device: its report's and those of its five certificates, of which we leave
# out the root's own. Of a manifest: its own and those of its four certificates. Of a responder's answer, which there is
# about every certificate that is neither a device's own nor a root: its own and its responder's certificate's. Devices
# share the answers about two certificates, manifests those about all of theirs.
REPORT, DEVICE, MANIFEST, ANSWER = 1, 5, 5, 2
COLLATERAL = 2 * MANIFEST + (2 + 3) * ANSWER
SIGNATURES = {
    "everything each time": lambda gpus: gpus * (REPORT + DEVICE + ANSWER) + COLLATERAL,
    "cold": lambda gpus: gpus * (REPORT + DEVICE),
    "hot": lambda gpus: gpus * REPORT,
}


def run(arguments, folder):
    """Simulated devices: no real one is known with every answer of its responders."""
    subjects = {gpus: minted(arguments.bin, folder, gpus) for gpus in (1, 8)}
    actions = {"P-384": lambda: openssl_verify_rate("p384")}
    for gpus, words in subjects.items():
        for name, action in bench_verify.rates_of_ours(arguments.bin / "vouchsafe", words).items():
            actions[gpus, name] = action
    series = in_rounds(arguments.rounds, actions)
    floor = series["P-384"]
    print(f"NVIDIA, simulated H100s, one thread, medians of {arguments.rounds} rounds, for each second of processor time")
    rows = [("", "per second", "each", "signatures", "beside openssl", "within")]
    for gpus in subjects:
        for name, count in SIGNATURES.items():
            found, signatures = series[gpus, name], count(gpus)
            share = ratio(found, floor) * signatures
            rows.append((f"{gpus} GPU{'s' * (gpus > 1)}, {name}", f"{found.median:.0f}", f"{1000 / found.median:.1f} ms",
                         str(signatures), f"{share:.2f}", f"±{found.spread:.0f} %"))
    rows.append(("`openssl speed` P-384 verify", f"{floor.median:.0f}", f"{1000 / floor.median:.1f} ms", "1", "1.00",
                 f"±{floor.spread:.0f} %"))
    table(rows)
    print("  cold: manifests and answers verified before, the devices new; hot: the devices' certificates known as well")


def minted(programs, folder, gpus):
    """The words that name the evidence of so many GPUs and all that NVIDIA would say about them."""
    pki, evidence, collateral = folder / "pki", folder / f"gpus-{gpus}", folder / f"gpus-{gpus}-collateral"
    words = [programs / "simulated-tee", "mint", "--pki", pki, "--tee", "nvidia", "--gpus", str(gpus), "--report-data",
             NONCE, "--issued-at", ISSUED, "--collateral", collateral, "--out", evidence]
    subprocess.run(words, check=True, capture_output=True)
    return ["--evidence", evidence, "--tee", "nvidia", "--collateral", collateral, "--at", NOW, "--anchors",
            pki / "anchors.json"]
