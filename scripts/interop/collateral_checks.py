#!/usr/bin/env python3
"""From vendors' servers to a key in a pod, with every program as a process: what works, and what goes on when one ends.

  collateral_checks.py [--bin DIRECTORY]

The vendors are simulated, on this machine, and the broker knows nothing but the fetching process's socket. One line per
check; the last is `N passed, N failed, N skipped`.
"""
import argparse
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import MEASUREMENT, ROOT, Program, Stage  # noqa: E402

from kbs_client import Connection, Handshake, Refused  # noqa: E402

RESOURCE = "models/check/key"
KEY = bytes(range(32))


class Site:
    """A stage whose collateral comes over HTTP; its pods bring nothing of their vendors'."""

    def __init__(self, stage):
        self.stage = stage
        self.store, self.socket = stage.path("store"), stage.path("fetcher.sock")
        stage.init_broker()
        self.vendors, self.vendor_url = None, None
        self.start_vendors()
        self.fetcher = self.start_fetcher(self.store)
        self.pods = {"tdx": stage.start_tee(name="domain", technology="tdx"), "snp": self.bare_pod()}
        self.broker = self.start_broker()
        for _ in stage.register(stage.reference("check", [RESOURCE])):
            pass
        stage.path("model.key").write_bytes(KEY)
        stage.put_key(RESOURCE, stage.path("model.key"), "check")

    def start(self, name, *words):
        program = Program([self.stage.binaries / words[0], *words[1:]], self.stage.path(f"{name}.log"))
        self.stage.programs.append(program)
        return program

    def start_vendors(self, *options):
        if self.vendors:
            self.vendors.kill()
        port = self.vendor_url.rsplit(":", 1)[1] if self.vendor_url else "0"
        self.vendors = self.start("vendors", "simulated-tee", "vendors", "--pki", self.stage.pki, "--port", port, *options)
        self.vendor_url = self.vendors.wait_for(r"^ready (http://\S+)")[1]

    def bare_pod(self):
        words = ["--pki", self.stage.pki, "--listen", "127.0.0.1:0", "--measurement", MEASUREMENT, "--no-certificates"]
        return self.start("bare", "simulated-tee", "serve", *words).wait_for(r"^ready (http://\S+)")[1]

    @property
    def asking(self):
        url = self.vendor_url
        return ["--pcs", url, "--root-crl", f"{url}/IntelSGXRootCA.der", "--kds", url, "--anchors", self.stage.anchors]

    def start_fetcher(self, store):
        fetcher = self.start(
            "fetcher", "vouchsafe", "collateral", "serve", "--store", store, "--socket", self.socket, *self.asking)
        fetcher.wait_for(r"^ready ")
        return fetcher

    def start_broker(self, *options, fetcher=True):
        limits = {"attestRatePerSecond": 1000, "attestBurst": 2000, "connectionsPerAddress": 256}
        collateral = {"collateral": {"fetcher": str(self.socket)}} if fetcher else {}
        self.stage.path("broker.json").write_text(json.dumps(limits | collateral))
        return self.stage.start_broker(
            "--anchors", self.stage.anchors, "--config", self.stage.path("broker.json"), *options)

    def restart_broker(self, *options, **kinds):
        self.broker.kill()
        self.broker = self.start_broker(*options, **kinds)

    @property
    def connection(self):
        return Connection(self.stage.broker_url, self.stage.state / "tls" / "cert.pem")

    def release(self, tee):
        handshake = Handshake(self.connection, self.pods[tee], tee=tee)
        handshake.auth()
        handshake.attest()
        same(handshake.open(handshake.resource(RESOURCE)), KEY, "key")

    def both_get_their_keys(self):
        for tee in self.pods:
            self.release(tee)

    def nobody_gets_a_key(self):
        for tee in self.pods:
            try:
                self.release(tee)
            except Refused as refusal:
                same(refusal.status, 503, f"{tee}'s status")
                same(json.loads(refusal.body).get("code"), "collateralMissing", f"{tee}'s code")
            else:
                raise AssertionError(f"{tee} got its key")


def warm_broker_needs_nobody(site):
    site.fetcher.kill()
    site.vendors.kill()
    for _ in range(3):
        site.both_get_their_keys()


def cold_broker_passes_nothing(site):
    site.restart_broker()
    site.nobody_gets_a_key()


def store_outlives_its_process(site):
    site.fetcher = site.start_fetcher(site.store)
    # the broker leaves a fetcher alone that failed; a new one asks at once
    site.restart_broker()
    site.both_get_their_keys()


def vendor_that_wants_fewer_questions(site):
    site.start_vendors("--status", "429", "--retry-after", "600")
    done = site.stage.vouchsafe(
        "collateral", "fetch", "intel/tdx/qe", "--store", site.stage.path("other"), "--patience", "1", *site.asking,
        "-o", "json", expect=3)
    missing = json.loads(done.stdout)["missing"]
    same([(row["code"], row["retryAfterSeconds"]) for row in missing], [("rateLimited", 600)], "what is missing")
    site.both_get_their_keys()


def across_an_air_gap(site):
    bundle, inside = site.stage.path("all.json"), site.stage.path("inside")
    site.stage.vouchsafe("collateral", "export", bundle, "--store", site.store, "--anchors", site.stage.anchors)
    site.stage.vouchsafe("collateral", "import", bundle, "--store", inside, "--anchors", site.stage.anchors)
    site.fetcher.kill()
    site.restart_broker("--collateral", inside, fetcher=False)
    site.both_get_their_keys()


def pages_say_how_long_it_lasts(site):
    page = site.connection.send("GET", "/metrics").body.decode()
    for kind in ("tcbInfo", "enclaveIdentity", "rootRevocationList", "platformRevocationList", "amdRevocationList"):
        rows = [line for line in page.splitlines() if line.startswith(f'vouchsafe_collateral_expiry_seconds{{kind="{kind}"}}')]
        true(rows and float(rows[0].split()[1]) > 86_400, f"{kind}: {rows}")
    done = site.stage.vouchsafe("collateral", "status", site.store, "--anchors", site.stage.anchors, "-o", "json")
    rows = json.loads(done.stdout)["artefacts"]
    true(len(rows) >= 7 and all(row["state"] == "current" and row["simulated"] for row in rows), f"status is {rows}")


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    given = reading.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-collateral-") as folder, Stage(folder, given.bin) as stage:
        site = Site(stage)
        checks.run("a fetcher is all that a broker needs for both vendors' pods", site.both_get_their_keys)
        checks.run("the pages say how long it lasts", lambda: pages_say_how_long_it_lasts(site))
        checks.run("a killed fetcher takes nothing away from a warm broker", lambda: warm_broker_needs_nobody(site))
        checks.run("without it a cold broker passes nothing", lambda: cold_broker_passes_nothing(site))
        checks.run("what a killed fetcher kept serves the next one", lambda: store_outlives_its_process(site))
        checks.run("a vendor that answers 429 is left alone", lambda: vendor_that_wants_fewer_questions(site))
        checks.run("files are enough across an air gap", lambda: across_an_air_gap(site))
    checks.finish()


if __name__ == "__main__":
    main()
