#!/usr/bin/env python3
"""Simulated NVIDIA evidence before readers that are not ours, under the simulator's own roots.

  gpu_check.py [--bin DIRECTORY]

What the simulator makes is of use only if others take it for real in every way but the root. libxml2 (through lxml) and
the Python package cryptography read each reference manifest, follow its certificates, and check the digest of its
canonical form and its signature; the same for device certificates, reports and responders' answers. `vouchsafe evidence
verify` must come to the same verdict, and name each thing that is wrong by its own code. `vouchsafe collateral fetch`
brings all of it over HTTP, with questions that cryptography reads. One line a check; the last is
`N passed, N failed, N skipped`. Skips everything without these packages; installs nothing.
"""
import argparse
import base64
import contextlib
import hashlib
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from checks import Checks, same, true  # noqa: E402

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.x509 import ocsp
    from lxml import etree
except ModuleNotFoundError:
    etree = None

ISSUED, NOW = "2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
NONCE = "a5" * 32
# What `evidence verify` says of each thing that the simulator can do wrong, and how it ends.
FAULTS = {
    "duplicate": ("deviceRepeated", 2), "measurement": ("measurementMismatch", 4), "signature": ("signatureInvalid", 2),
    "firmware-id": ("firmwareIDMismatch", 2), "nonce": ("reportDataMismatch", 2), "chain": ("chainInvalid", 2),
    "revoked": ("certificateRevoked", 2), "on-hold": ("certificateOnHold", 2),
    "forged": ("collateralSignatureInvalid", 2),
}


def raw_signature(raw):
    """r and s, one behind the other, as other readers want them."""
    half = len(raw) // 2
    return utils.encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


class Simulator:
    def __init__(self, binaries, folder):
        self.binaries, self.folder, self.pki = binaries, pathlib.Path(folder), pathlib.Path(folder, "pki")

    def mint(self, name, *options):
        """A folder with the evidence and the collateral."""
        place = self.folder / name
        place.mkdir()
        subprocess.run(
            [self.binaries / "simulated-tee", "mint", "--pki", self.pki, "--tee", "nvidia", "--report-data", NONCE,
             "--issued-at", ISSUED, "--collateral", place / "collateral", "--out", place / "evidence.json", *options],
            check=True, capture_output=True, timeout=60)
        return place

    def verify(self, place, *options):
        """The verdict of ours, and how it ended."""
        done = subprocess.run(
            [self.binaries / "vouchsafe", "evidence", "verify", "--tee", "nvidia", "--evidence", place / "evidence.json",
             "--collateral", place / "collateral", "--anchors", self.pki / "anchors.json", "--at", NOW, "--report-data",
             NONCE + "00" * 32, "-o", "json", *options], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout), done.returncode

    def root(self, product):
        for anchor in json.loads((self.pki / "anchors.json").read_text())["anchors"]:
            if anchor["tee"] == "nvidia" and anchor["product"] == product:
                return serialization.load_der_public_key(base64.b64decode(anchor["spki"]))
        raise KeyError(product)


def follow(chain, root):
    """Every certificate by the next one's key, the last one's issuer by the anchor."""
    for certificate, issuer in zip(chain, chain[1:]):
        certificate.verify_directly_issued_by(issuer)
    chain[-1].verify_directly_issued_by(chain[-1])
    same(chain[-1].public_key().public_numbers(), root.public_numbers(), "the root")


def manifest_verdict(data, root):
    """What libxml2 and cryptography say of a signed manifest; its signer's chain."""
    tree = etree.fromstring(data)
    found = tree.findall(f".//{DS}Signature")
    same(len(found), 1, "signatures")
    signature = found[0]
    info = signature.find(f"{DS}SignedInfo")
    algorithms = [element.get("Algorithm").rsplit("#", 1)[-1].rsplit("/", 1)[-1] for element in info.iter() if element.get("Algorithm")]
    same(algorithms, ["xml-c14n11", "ecdsa-sha384", "enveloped-signature", "xml-c14n11", "sha384"], "the algorithms")
    signed = etree.tostring(info, method="c14n")
    stated = base64.b64decode(info.findtext(f".//{DS}DigestValue"))
    value = base64.b64decode(signature.findtext(f"{DS}SignatureValue"))
    chain = [x509.load_der_x509_certificate(base64.b64decode(element.text)) for element in signature.iter(f"{DS}X509Certificate")]
    before, tail = signature.getprevious(), signature.tail or ""
    before.tail = (before.tail or "") + tail
    tree.remove(signature)
    same(hashlib.sha384(etree.tostring(tree, method="c14n")).hexdigest(), stated.hex(), "the digest of the document")
    chain[0].public_key().verify(raw_signature(value), signed, ec.ECDSA(hashes.SHA384()))
    follow(chain, root)
    return chain


def manifests_are_taken(simulator):
    place = simulator.mint("manifests", "--gpus", "2")
    files = sorted((place / "collateral").glob("*.xml"))
    same(len(files), 2, "manifests")
    for file in files:
        manifest_verdict(file.read_bytes(), simulator.root("manifest"))
    for file in files:
        text = file.read_bytes()
        altered = re.sub(rb'active="False"', b'active="True"', text, count=1)
        try:
            manifest_verdict(altered, simulator.root("manifest"))
            raise AssertionError("an altered manifest was taken")
        except (AssertionError, InvalidSignature) as error:
            true("was taken" not in str(error), str(error))


def devices_are_taken(simulator):
    place = simulator.mint("devices", "--gpus", "2")
    items = json.loads((place / "evidence.json").read_text())["device_evidence_list"]
    same(len(items), 2, "devices")
    for item in items:
        chain = x509.load_pem_x509_certificates(base64.b64decode(item["certificate"]))
        same(len(chain), 5, "certificates")
        follow(chain, simulator.root("device"))
        report = base64.b64decode(item["evidence"])
        same(report[4:36].hex(), NONCE, "the nonce")
        chain[0].public_key().verify(raw_signature(report[-96:]), report[:-96], ec.ECDSA(hashes.SHA384()))


def answers_are_taken(simulator):
    place = simulator.mint("answers", "--gpus", "1")
    files = sorted((place / "collateral").glob("ocsp-*.der"))
    same(len(files), 6, "answers")
    for file in files:
        answer = ocsp.load_der_ocsp_response(file.read_bytes())
        same(answer.response_status, ocsp.OCSPResponseStatus.SUCCESSFUL, "the response")
        same(answer.certificate_status, ocsp.OCSPCertStatus.GOOD, "the certificate")
        delegate = answer.certificates[0]
        delegate.public_key().verify(
            answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
        same((answer.next_update_utc - answer.this_update_utc).total_seconds(), 86_400, "the day")


def ours_says_the_same(simulator):
    for name, options in [("ours", ["--gpus", "2"]), ("machine", ["--gpu-switches"])]:
        verdict, status = simulator.verify(simulator.mint(name, *options))
        same((verdict["verdict"], status), ("verified", 0), f"{name}: {verdict.get('code')}")
        true(verdict["claims"]["simulated"], "it is simulated")


def each_fault_has_its_code(simulator):
    for fault, expected in FAULTS.items():
        verdict, status = simulator.verify(simulator.mint(f"fault-{fault}", "--gpus", "2", "--gpu-fault", fault))
        same((verdict["code"], status), expected, fault)


def without_the_vendors_word_nothing_passes(simulator):
    place = simulator.mint("bare", "--gpus", "1")
    for file in (place / "collateral").glob("*.xml"):
        file.unlink()
    verdict, status = simulator.verify(place)
    same((verdict["code"], status), ("collateralMissing", 3), "without manifests")
    place = simulator.mint("unanswered", "--gpus", "1")
    for file in (place / "collateral").glob("ocsp-*"):
        file.unlink()
    verdict, status = simulator.verify(place)
    same((verdict["code"], status), ("collateralMissing", 3), "without answers")


class Relay(http.server.BaseHTTPRequestHandler):
    """Between a fetcher and the responder: reads each question as others do."""

    responder, questions, type_of_question = "", [], set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Relay.type_of_question.add(self.headers["Content-Type"])
        Relay.questions.append(ocsp.load_der_ocsp_request(body))
        with urllib.request.urlopen(urllib.request.Request(Relay.responder, body), timeout=30) as answer:
            data = answer.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def vendors(simulator):
    """NVIDIA's services, simulated: manifests directly, the responder by a relay."""
    program = subprocess.Popen(
        [simulator.binaries / "simulated-tee", "vendors", "--pki", simulator.pki], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    try:
        url = re.match(r"ready (\S+)", program.stdout.readline())[1]
        Relay.responder = f"{url}/ocsp"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ["--rim", url, "--ocsp", f"http://127.0.0.1:{server.server_port}/"]
    finally:
        server.shutdown()
        program.kill()
        program.wait()


def all_of_it_comes_over_the_network(simulator):
    place = simulator.folder / "fetched"
    place.mkdir()
    anchors = ["--anchors", simulator.pki / "anchors.json"]

    def run(*words):
        done = subprocess.run([simulator.binaries / words[0], *words[1:]], capture_output=True, text=True, timeout=120)
        same(done.returncode, 0, f"{words[1]} {words[2]}: {done.stdout}{done.stderr}")
        return done.stdout

    run("simulated-tee", "mint", "--pki", simulator.pki, "--tee", "nvidia", "--gpus", "2", "--report-data", NONCE, "--out",
        place / "evidence.json")
    with vendors(simulator) as addresses:
        fetched = run("vouchsafe", "collateral", "fetch", "--evidence", place / "evidence.json", "--store",
                      place / "collateral", *addresses, *anchors, "-o", "json")
    keys = [row["key"] for row in json.loads(fetched)["artefacts"]]
    same((len(keys), len([key for key in keys if key.startswith("nvidia/rim/")])), (9, 2), "artefacts")
    same(Relay.type_of_question, {"application/ocsp-request"}, "the type of questions")
    same({question.hash_algorithm.name for question in Relay.questions}, {"sha384"}, "the digest of questions")
    nonces = [question.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce for question in Relay.questions]
    same((len(nonces), len(set(nonces))), (7, 7), "nonces")
    verify = ["vouchsafe", "evidence", "verify", "--tee", "nvidia", "--evidence", place / "evidence.json", *anchors]
    run(*verify, "--collateral", place / "collateral")
    # What is kept can be carried elsewhere in one file, and says how long it lasts.
    run("vouchsafe", "collateral", "export", place / "bundle", "--store", place / "collateral", *anchors)
    run("vouchsafe", "collateral", "import", place / "bundle", "--store", place / "elsewhere", *anchors)
    run(*verify, "--collateral", place / "elsewhere")
    rows = json.loads(run("vouchsafe", "collateral", "status", "--store", place / "elsewhere", *anchors, "-o", "json"))
    true(all(row["state"] == "current" and row["secondsLeft"] > 0 for row in rows["artefacts"]), "it is current")


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    given = reading.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-gpu-") as folder:
        simulator = Simulator(given.bin, folder)
        for name, check in [
            ("libxml2 and cryptography take the manifests, and no altered one", manifests_are_taken),
            ("cryptography takes the devices' certificates and reports", devices_are_taken),
            ("cryptography takes the responders' answers", answers_are_taken),
            ("ours takes GPUs alone and behind switches", ours_says_the_same),
            ("each fault has a code of its own", each_fault_has_its_code),
            ("all of it comes over HTTP, is kept and carried elsewhere", all_of_it_comes_over_the_network),
            ("nothing passes without the vendor's word", without_the_vendors_word_nothing_passes),
        ]:
            if etree is None:
                checks.skip(name, "without the Python packages lxml and cryptography")
            else:
                checks.run(name, lambda check=check: check(simulator))
    checks.finish()


if __name__ == "__main__":
    main()
