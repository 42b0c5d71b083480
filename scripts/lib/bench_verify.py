"""Verdicts on TDX, SEV-SNP and NVIDIA evidence by one thread, beside dcap-qvl and `openssl speed`."""
import base64
import calendar
import json
import pathlib
import subprocess
import tempfile
import time

import dcap_qvl

import bench_gpus
from bench import VECTORS, in_rounds, openssl_verify_rate, rows_beside, table

QUOTE = "cpu/tdx/v4_f1c8503301.bin"
COLLATERAL = {
    "root": "cpu/roots/intel_sgx_root_ca.der", "authority": "cpu/collateral/pck_platform_ca.der",
    "signer": "cpu/collateral/tcb_signing_2025-2032.der", "root list": "cpu/collateral/crl_root_20250320_ad6f3f.der",
    "list": "cpu/collateral/crl_platform_20250619_e583e9.der",
    "info": "cpu/collateral/tcbinfo_tdx_b0c06f000000_eval17_20250619_369f99.json",
    "identity": "cpu/collateral/qeid_td_qe_eval17_20250619_261a8b.json",
}
REPORT, REPORT_CERTIFICATES = "cpu/snp/v5_8fd94192d3.bin", ["cpu/certs/vek_05788a16ab.der", "cpu/certs/ask_genoa.der"]
QUOTE_TIME, REPORT_TIME, SIMULATED_TIME = "2025-06-30T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-13T00:00:00Z"
SIMULATED = {"root": "root.der", "authority": "pck-platform-ca.der", "signer": "tcb-signing.der",
             "root list": "root-crl.der", "list": "pck-crl-platform.der", "info": "tcb-info.json",
             "identity": "qe-identity.json"}
SECONDS = 2  # of ours in each round, for its three rates together


def options(parser):
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is measured (default: 9)")


def run(arguments):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tdx(arguments, folder)
        snp(arguments, folder)
        bench_gpus.run(arguments, folder)


def ours(program, words):
    """The three rates of `vouchsafe bench verify`."""
    done = subprocess.run([program, "bench", "verify", *map(str, words), "--seconds", str(SECONDS), "-o", "json"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {done.stderr.strip()}")
    return json.loads(done.stdout)


def rates_of_ours(program, words):
    """Actions for `in_rounds`: one run gives all three rates."""
    last = {}

    def first():
        last.update(ours(program, words))
        return last["everythingEachTime"]
    return {"everything each time": first, "cold": lambda: last["cold"], "hot": lambda: last["hot"]}


def tdx(arguments, folder):
    program = arguments.bin / "vouchsafe"
    if (VECTORS / QUOTE).is_file():
        files = {name: (VECTORS / path).read_bytes() for name, path in COLLATERAL.items()}
        quote, when, more, origin = (VECTORS / QUOTE).read_bytes(), QUOTE_TIME, [], "a real quote"
    else:
        quote, files, when, more = simulated(arguments.bin, folder)
        origin = "a simulated quote"
    bag = folder / "tdx"
    bag.mkdir()
    for name, content in files.items():
        (bag / name.replace(" ", "-")).write_bytes(content)
    (folder / "quote").write_bytes(quote)
    words = ["--evidence", folder / "quote", "--collateral", bag, "--at", when, *more]
    actions = rates_of_ours(program, words) | {
        "dcap-qvl": peer(quote, files, when), "P-256": lambda: openssl_verify_rate("p256")}
    series = in_rounds(arguments.rounds, actions)
    print(f"TDX, {origin}, one thread, medians of {arguments.rounds} rounds, for each second of processor time")
    table(rows_beside(series, ("everything each time", "cold", "hot", "dcap-qvl"), "dcap-qvl"))
    print("  everything each time: quote and collateral read from their bytes and every signature checked, as dcap-qvl does;")
    print("  cold: collateral proved before, the platform's certificates new; hot: the platform proved before as well")
    print(f"  noise of the machine: `openssl speed` P-256 verify {series['P-256'].median:.0f}/s"
          f" within ±{series['P-256'].spread:.0f} %")


def mint(programs, folder, *more):
    """A simulated quote or report, and the words that name its root."""
    words = [programs / "simulated-tee", "mint", "--pki", folder / "pki", "--raw", "--out", folder / "minted", *more]
    subprocess.run(words, check=True, capture_output=True)
    return (folder / "minted").read_bytes(), ["--anchors", folder / "pki" / "anchors.json"]


def simulated(programs, folder):
    quote, anchors = mint(programs, folder, "--tee", "tdx", "--issued-at", "2026-11-01T00:00:00Z", "--collateral",
                          folder / "collateral")
    files = {name: (folder / "collateral" / file).read_bytes() for name, file in SIMULATED.items()}
    return quote, files, SIMULATED_TIME, anchors


def peer(quote, files, when):
    """dcap-qvl in this process, with the root and the time as parameters; everything anew for each quote."""
    def pem(*certificates):
        return "".join("-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode()
                       + "-----END CERTIFICATE-----\n" for der in certificates)

    def signed_part(document):
        text = document.decode()
        return text[text.index("{", 1):text.rindex(',"signature"')], bytes.fromhex(json.loads(text)["signature"])

    signer = pem(files["signer"], files["root"])
    collateral = dcap_qvl.QuoteCollateralV3(
        pem(files["authority"], files["root"]), files["root list"], files["list"], signer,
        *signed_part(files["info"]), signer, *signed_part(files["identity"]))
    now = calendar.timegm(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ"))

    def rate():
        count, start = 0, time.thread_time()
        while time.thread_time() - start < 1:
            dcap_qvl.verify_with_root_ca(quote, collateral, files["root"], now)
            count += 1
        return count / (time.thread_time() - start)
    return rate


def snp(arguments, folder):
    if (VECTORS / REPORT).is_file():
        words, origin = ["--evidence", VECTORS / REPORT, "--at", REPORT_TIME], "a real report"
        words += [word for path in REPORT_CERTIFICATES for word in ("--collateral", VECTORS / path)]
    else:
        report, anchors = mint(arguments.bin, folder)
        (folder / "report").write_bytes(report)
        words, origin = ["--evidence", folder / "report", "--at", SIMULATED_TIME, *anchors], "a simulated report"
    actions = rates_of_ours(arguments.bin / "vouchsafe", words) | {"P-384": lambda: openssl_verify_rate("p384")}
    series = in_rounds(arguments.rounds, actions)
    print(f"SEV-SNP, {origin}, one thread, medians of {arguments.rounds} rounds, for each second of processor time")
    table(rows_beside(series, ("everything each time", "cold", "hot", "P-384"), "P-384"))
    print("  P-384: signatures checked by `openssl speed`; hot: the chain of the report's key proved before")
