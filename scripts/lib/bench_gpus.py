"""Verdicts on NVIDIA evidence by one thread, beside the P-384 signatures that it takes to come to them."""
import subprocess

from bench import in_rounds, openssl_verify_rate, ratio, table
import bench_verify

NONCE, ISSUED, NOW = "a5" * 32, "2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"
# Signatures on P-384 that a verdict takes. Of a device: its report; the four certificates under the root; and for the
# three that a responder clears, the answer and the responder's certificate. Of a manifest: its own, its signer's three
# certificates, and two for each of these.
REPORT, DEVICE, MANIFESTS = 1, 4 + 3 * 2, 2 * (1 + 3 + 3 * 2)
SIGNATURES = {
    "everything each time": lambda gpus: gpus * (REPORT + DEVICE) + MANIFESTS,
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


def minted(programs, folder, gpus):
    """The words that name the evidence of so many GPUs and all that NVIDIA would say about them."""
    pki, evidence, collateral = folder / "pki", folder / f"gpus-{gpus}", folder / f"gpus-{gpus}-collateral"
    words = [programs / "simulated-tee", "mint", "--pki", pki, "--tee", "nvidia", "--gpus", str(gpus), "--report-data",
             NONCE, "--issued-at", ISSUED, "--collateral", collateral, "--out", evidence]
    subprocess.run(words, check=True, capture_output=True)
    return ["--evidence", evidence, "--tee", "nvidia", "--collateral", collateral, "--at", NOW, "--anchors",
            pki / "anchors.json"]
