"""Witnesses, a broker whose log they countersign, and a relay between them: the ground of the witness checks."""
import base64
import json
import ssl
import time
import urllib.request

from checks import same, true
from local import free_port, until
from stage import Program

import tlog_proof
from kbs_client import Connection, Handshake
from witness_client import CosignatureKey, call, note_lines, signature_lines

RESOURCE = "models/check/key"


# a witness alone, shown a log of our own


class Watched:
    """One witness process that watches one log of ours."""

    def __init__(self, stage, name, log):
        self.stage, self.name, self.log = stage, name, log
        stage.vouchsafe("key", "create", "--purpose", "witness", "--out", stage.path(name))
        self.key = CosignatureKey(stage.path(f"{name}.vkey").read_text())
        stage.path(f"{name}.log.vkey").write_text(log if isinstance(log, str) else log.vkey + "\n")
        self.port = free_port()
        self.start()

    def start(self):
        stage = self.stage
        self.program = Program(
            [stage.binaries / "vouchsafe", "audit", "witness", "--key", stage.path(f"{self.name}.key"), "--log",
             stage.path(f"{self.name}.log.vkey"), "--state", stage.path(f"{self.name}.state"), "--listen",
             f"127.0.0.1:{self.port}"], stage.path(f"{self.name}.out"))
        stage.programs.append(self.program)
        self.url = self.program.wait_for(r"^ready (http://\S+)")[1]

    def add(self, body):
        return call(self.url, "POST", "/add-checkpoint", body)

    def refuses(self, body, status, answer=None):
        got, headers, text = self.add(body)
        same(got, status, "status")
        if answer is not None:
            same((text, headers["Content-Type"]), answer, "answer")

    def signs(self, body, size):
        status, _, text = self.add(body)
        same(status, 200, f"status of {size} ({text!r})")
        self.key.time_of(note_lines(body.partition(b"\n\n")[2])[0], signature_lines(text))

    def held(self):
        return call(self.url, path=self.log.path)


# a broker with two witnesses


class Scene:
    """A broker whose log two witnesses countersign, and a relay between them."""

    def __init__(self, stage):
        self.stage = stage
        stage.init_broker()
        self.vkey = stage.state / "log.vkey"
        self.ca = stage.state / "tls" / "cert.pem"
        self.log_key = tlog_proof.VerifierKey(self.vkey.read_text())
        self.witnesses = [Watched(stage, name, self.vkey.read_text()) for name in ("w1", "w2")]
        self.exchange = stage.path("exchange")
        self.exchange.mkdir()
        self.policy = self.write_policy("witnesses.policy", [(w.name, w.key.text, w.url) for w in self.witnesses], 2)
        self.config = stage.path("broker.json")
        self.config.write_text(json.dumps({
            "attestRatePerSecond": 1000, "attestBurst": 2000, "witnesses": {
                "policyFile": "witnesses.policy", "exchange": "exchange", "startWaitSeconds": 3}}))
        stage.broker_url = f"https://127.0.0.1:{free_port()}"
        self.pod = stage.start_tee()
        self.key = bytes(range(32))
        self.relay = self.broker = None

    def write_policy(self, name, rows, quorum):
        lines = [f"log {self.vkey.read_text().strip()}", *(f"witness {row[0]} {row[1]} {row[2]}" for row in rows)]
        lines += [f"group all {quorum} " + " ".join(row[0] for row in rows), "quorum all"]
        path = self.stage.path(name)
        path.write_text("\n".join(lines) + "\n")
        return path

    def relay_words(self, policy=None, exchange=None):
        return ["audit", "relay", f"{self.stage.broker_url}/log", "--vkey", self.vkey, "--policy", policy or self.policy,
                "--exchange", exchange or self.exchange, "--ca", self.ca, "--interval", "1"]

    def start_relay(self):
        self.relay = Program([self.stage.binaries / "vouchsafe", *self.relay_words()], self.stage.path("relay.log"))
        self.stage.programs.append(self.relay)
        self.relay.wait_for(r"^ready relay")

    def start_broker(self, config=True):
        extra = ["--config", self.config] if config else []
        self.broker = self.stage.start_broker("--anchors", self.stage.anchors, *extra)

    def get(self, path):
        context = ssl.create_default_context(cafile=str(self.ca))
        with urllib.request.urlopen(self.stage.broker_url + path, context=context, timeout=20) as answer:
            return answer.read(), answer.headers

    def checkpoint(self, path="/log/checkpoint"):
        return self.get(path)[0]

    def size(self, path="/log/checkpoint"):
        return tlog_proof.checkpoint(self.checkpoint(path), self.log_key)[0]

    def fetch_key(self):
        connection = Connection(self.stage.broker_url, self.ca)
        handshake = Handshake(connection, self.pod)
        handshake.auth()
        handshake.attest()
        same(handshake.open(handshake.resource(RESOURCE)), self.key, "key")

    def cosigned(self, size):
        """The served checkpoint, once both witnesses have signed one of at least this size."""
        def found():
            note = self.checkpoint()
            text, lines = note_lines(note)
            if len(lines) == 3 and tlog_proof.checkpoint(note, self.log_key)[0] >= size:
                return text, lines
        return until(f"a checkpoint of {size} entries that both cosigned", found)

    def settle(self):
        """Waits until all that was decided is published and cosigned."""
        time.sleep(1.5)
        self.cosigned(self.size("/log/checkpoint.newest"))

    def start_fails(self, status, text, *options):
        program = Program(
            [self.stage.binaries / "vouchsafe-broker", "serve", "--state", self.stage.state, "--listen", "127.0.0.1:0",
             "--admin-listen", "127.0.0.1:0", "--anchors", self.stage.anchors, *options], self.stage.path("refused.log"))
        try:
            same(program.process.wait(60), status, f"exit of a start ({program.output()[-400:]})")
        finally:
            program.kill()
        true(text in program.output(), f"the start says {program.output()[-400:]}")

    def monitor(self, *options, url=None, expect=0, state="seen"):
        return self.stage.vouchsafe(
            "audit", "monitor", url or f"{self.stage.broker_url}/log", "--vkey", self.vkey, "--ca", self.ca, "--state",
            self.stage.path(state), "--once", "--accepting-simulated", *options, expect=expect)


def cosign(key_file, key, note):
    """A cosignature made with the witness's own private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    seed = base64.b64decode(key_file.read_text().strip().split("+", 3)[3])
    text, now = note_lines(note)[0], int(time.time())
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(f"cosignature/v1\ntime {now}\n".encode() + text)
    return f"\u2014 {key.name} {base64.b64encode(key.identity + now.to_bytes(8, 'big') + signature).decode()}\n".encode()
