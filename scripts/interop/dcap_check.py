#!/usr/bin/env python3
"""Simulated TDX evidence before a verifier that is not ours, under the simulator's own root.

  dcap_check.py [--bin DIRECTORY]

What the simulator makes is of use only if others take it for real in every way but the root. dcap-qvl, a verifier in
Rust with its own certificate, quote and JSON readers, gets each quote with its collateral, the throw-away root and a
time, and must come to the status that was set; so must `vouchsafe evidence verify`. One line a check; the last is `N passed, N failed, N skipped`. Skips
everything without the Python package dcap-qvl; installs nothing.
"""
import argparse
import base64
import datetime
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from checks import Checks, same, true  # noqa: E402

try:
    import dcap_qvl
except ModuleNotFoundError:
    dcap_qvl = None

ISSUED, NOW = "2026-11-01T00:00:00Z", 1_794_000_000  # twelve days later
DAY = 86_400
WORSE = {"UpToDate": "OutOfDate", "SWHardeningNeeded": "OutOfDate",
         "ConfigurationNeeded": "OutOfDateConfigurationNeeded",
         "ConfigurationAndSWHardeningNeeded": "OutOfDateConfigurationNeeded",
         "OutOfDate": "OutOfDate", "OutOfDateConfigurationNeeded": "OutOfDateConfigurationNeeded"}
PLATFORM = [*WORSE, "Revoked"]
PART = ["UpToDate", "OutOfDate", "Revoked"]


def converged(platform, module, enclave):
    """The status of the whole, by Intel's rule: it can only get worse."""
    for part in (module, enclave):
        if "Revoked" in (platform, part):
            return "Revoked"
        platform = WORSE[platform] if part == "OutOfDate" else platform
    return platform


def pem(*certificates):
    blocks = []
    for der in certificates:
        text = base64.b64encode(der).decode()
        lines = [text[i:i + 64] for i in range(0, len(text), 64)]
        blocks += ["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"]
    return "\n".join(blocks) + "\n"


class Simulator:
    """Quotes and collateral from simulated-tee, under keys that live as long as this process."""

    def __init__(self, program, folder):
        self.program, self.folder, self.made = program, pathlib.Path(folder), 0

    def mint(self, settings=(), options=(), pki="pki"):
        """The quote and the files of its collateral."""
        self.made += 1
        quote, collateral = self.folder / f"{self.made}.quote", self.folder / f"{self.made}.collateral"
        words = [self.program, "mint", "--tee", "tdx", "--pki", self.folder / pki, "--issued-at", ISSUED, "--raw",
                 "--collateral", collateral, "--out", quote, "--report-data", "5e" * 48, *options]
        words += [word for name, value in settings for word in ("--set", f"{name}={value}")]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        same(done.returncode, 0, f"the simulator's status ({done.stderr})")
        return quote.read_bytes(), {file.name: file.read_bytes() for file in collateral.iterdir()}


def signed_part(document):
    """The text of the first member's value, and the signature."""
    text = document.decode()
    return text[text.index("{", 1):text.rindex(',"signature"')], bytes.fromhex(json.loads(text)["signature"])


def collateral(files, authority="platform"):
    root, signer = files["root.der"], pem(files["tcb-signing.der"], files["root.der"])
    info, info_signature = signed_part(files["tcb-info.json"])
    identity, identity_signature = signed_part(files["qe-identity.json"])
    return dcap_qvl.QuoteCollateralV3(
        pem(files[f"pck-{authority}-ca.der"], root), files["root-crl.der"], files[f"pck-crl-{authority}.der"],
        signer, info, info_signature, signer, identity, identity_signature)


def verdict(minted, now=NOW, root=None, authority="platform"):
    """The status and advisories, or the reason for none."""
    quote, files = minted
    try:
        report = dcap_qvl.verify_with_root_ca(quote, collateral(files, authority), root or files["root.der"], now)
    except ValueError as error:
        return f"error: {error}", []
    return report.status, sorted(report.advisory_ids)


class Ours:
    """Our own verifier, as a person runs it."""

    def __init__(self, program, simulator):
        self.program, self.simulator = program, simulator

    def verdict(self, minted, at=NOW):
        """The status and advisories, or the code of the refusal."""
        folder = self.simulator.folder / "ours"
        folder.mkdir(exist_ok=True)
        for name, content in minted[1].items():
            (folder / name).write_bytes(content)
        quote = self.simulator.folder / "ours.quote"
        quote.write_bytes(minted[0])
        when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        done = subprocess.run(
            [self.program, "evidence", "verify", "--evidence", quote, "--tee", "tdx", "--collateral", folder,
             "--anchors", self.simulator.folder / "pki" / "anchors.json", "--at", when, "-o", "json"],
            capture_output=True, text=True, timeout=60)
        result = json.loads(done.stdout)
        same(done.returncode == 0, result["verdict"] == "verified", "success by the exit status")
        claims = result.get("claims") or {}
        true(claims == {} or claims["simulated"], "simulated evidence is called real")
        return claims.get("tcbStatus", f"error: {result.get('code')}"), sorted(claims.get("advisoryIDs", []))


def statuses(checks, simulator, ours):
    """Every verdict on platform, module and quoting enclave at once."""
    def agrees(platform, module, enclave):
        minted = simulator.mint([("tcb-status", platform), ("module-status", module), ("qe-status", enclave)])
        got, _ = verdict(minted)
        wanted = converged(platform, module, enclave)
        same(ours.verdict(minted)[0], wanted, "our own status")
        if wanted == "Revoked":
            true("Revoked" in got or "revoked" in got, f"a revoked part gives {got!r}")
        else:
            same(got, wanted, "the status")

    for parts in itertools.product(PLATFORM, PART, PART):
        checks.run(f"platform {parts[0]}, module {parts[1]}, quoting enclave {parts[2]}", lambda: agrees(*parts))


def shapes(checks, simulator, ours):
    """Each form a quote can have is read."""
    advisories = [("tcb-status", "SWHardeningNeeded"), ("tcb-advisories", "INTEL-SA-00001,INTEL-SA-00002")]
    def both(settings=(), options=(), authority="platform"):
        minted = simulator.mint(settings, options)
        outside = verdict(minted, authority=authority)
        if not outside[0].startswith("error"):
            same(ours.verdict(minted), outside, "our own verdict")
        return outside

    checks.run("advisories arrive", lambda: same(
        both(advisories), ("SWHardeningNeeded", ["INTEL-SA-00001", "INTEL-SA-00002"]), "verdict"))
    for name, settings, options in [
        ("version 4", [], []),
        ("version 5 with body type 3", [], ["--quote-version", "5"]),
        ("zeros up to 5006 bytes", [("padded-to", 5006)], []),
        ("zeros up to 8000 bytes", [("padded-to", 8000)], []),
        ("a boot log in the registers", [], ["--event-log"]),
        ("another platform", [("fmspc", "b0c06f000000"), ("ppid", "11" * 16)], []),
    ]:
        checks.run(name, lambda: same(both(settings, options)[0], "UpToDate", "the status"))
    checks.run("a platform below the processor authority", lambda: same(
        both([("certificate-authority", "processor")], authority="processor")[0], "UpToDate", "the status"))
    for name, settings, status in [
        ("a module below its levels is of no level", [("tee-tcb-svn", "01" + "0108" + "00" * 13)], "error"),
        ("an older module", [("tee-tcb-svn", "04" + "0108" + "00" * 13)], "OutOfDate"),
        ("an older microcode", [("tee-tcb-svn", "06" + "0107" + "00" * 13)], "OutOfDate"),
        ("an older quoting enclave", [("qe-isvsvn", 3)], "OutOfDate"),
        ("an older platform", [("sgx-components", "0707020203010003" + "00" * 8)], "OutOfDate"),
    ]:
        checks.run(name, lambda: true(both(settings)[0].startswith(status), f"{both(settings)}"))


def relaunches(checks, simulator, ours):
    """Domains that were launched under another TCB than the one they run under."""
    rest = "00" * 13
    for name, launch, now, settings, wanted in [
        ("launched under an older module", "040108", "060108", [], "TDRelaunchAdvised"),
        ("launched under an older microcode", "060107", "060108", [], "TDRelaunchAdvised"),
        ("launched under an older module, configuration needed", "040108", "060108",
         [("tcb-status", "ConfigurationNeeded")], "TDRelaunchAdvisedConfigurationNeeded"),
        ("launched under an older module, hardening needed", "040108", "060108",
         [("tcb-status", "SWHardeningNeeded")], "TDRelaunchAdvised"),
        ("launched and running under an older module", "040108", "040108", [], "OutOfDate"),
        ("launched under a newer microcode than the level's", "060109", "060108", [], "UpToDate"),
    ]:
        def agrees():
            svns = [("tee-tcb-svn", launch + rest), ("tee-tcb-svn2", now + rest)]
            minted = simulator.mint([*svns, *settings], ["--quote-version", "5"])
            same(ours.verdict(minted)[0], wanted, "our own status")
            same(verdict(minted)[0], wanted, "the status")

        checks.run(name, agrees)


def refusals(checks, simulator):
    """What must not pass does not, by the outside verifier's account as well."""
    good = simulator.mint()
    other = simulator.mint(pki="other")
    moved = simulator.mint([("fmspc", "b0c06f000000")])
    quote = bytearray(good[0])
    quote[48 + 520] ^= 1
    for name, attempt in [
        ("another root with the same names", lambda: verdict(good, root=other[1]["root.der"])),
        ("collateral of another vendor", lambda: verdict((good[0], other[1]), root=good[1]["root.der"])),
        ("collateral of another platform", lambda: verdict((good[0], moved[1]))),
        ("report data that nobody signed", lambda: verdict((bytes(quote), good[1]))),
        ("a month later", lambda: verdict(good, now=NOW + 31 * DAY)),
        ("a month earlier", lambda: verdict(good, now=NOW - 31 * DAY)),
        ("a domain that can be debugged", lambda: verdict(simulator.mint(options=["--debug"]))),
    ]:
        checks.run(f"refused: {name}", lambda: true(attempt()[0].startswith("error: "), f"{attempt()}"))


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    given = reading.parse_args()
    checks = Checks()
    if dcap_qvl is None:
        checks.skip("simulated TDX evidence before dcap-qvl", "needs the Python package dcap-qvl")
        print("0 passed, 0 failed, 1 skipped")
        return
    with tempfile.TemporaryDirectory(prefix="vouchsafe-dcap-") as folder:
        simulator = Simulator(given.bin / "simulated-tee", folder)
        ours = Ours(given.bin / "vouchsafe", simulator)
        shapes(checks, simulator, ours)
        statuses(checks, simulator, ours)
        relaunches(checks, simulator, ours)
        refusals(checks, simulator)
    checks.finish()


if __name__ == "__main__":
    main()
