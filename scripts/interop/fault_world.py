"""A broker's state that was used a little, copies of it to break, and what must be true of a copy afterwards."""
import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess

import tlog_proof
from checks import same, true
from kbs_client import Connection, Handshake, Refused
from kill9 import every_checkpoint_is_a_prefix, every_receipt_is_in_the_log
from stage import Program, Stage, StageError

RESOURCE = "models/check/key"
READY = r"^ready .*broker=(https://\S+) .*admin=(https://\S+)"
GONE = (OSError, Refused, ValueError, StageError)  # what a client meets when the broker ends under its hands


class NotHere(Exception):
    """This place does not permit the case; says what is missing."""


class Original:
    """One prepared state and one simulated pod, shared by all cases."""

    def __init__(self, folder, binaries):
        self.stage, self.binaries = Stage(folder, binaries), pathlib.Path(binaries)
        self.numbers = random.Random(0)
        self.key = self.numbers.randbytes(32)

    def __enter__(self):
        stage = self.stage
        stage.init_broker()
        self.pod = stage.start_tee()
        broker = stage.start_broker("--anchors", stage.anchors)
        for _ in stage.register(stage.reference("check", [RESOURCE])):
            pass
        stage.path("model.key").write_bytes(self.key)
        stage.put_key(RESOURCE, stage.path("model.key"), "check")
        self.log_key = tlog_proof.VerifierKey((stage.state / "log.vkey").read_text())
        for _ in range(3):
            handshake = Handshake(Connection(stage.broker_url, stage.state / "tls" / "cert.pem"), self.pod)
            handshake.auth()
            handshake.attest()
            handshake.resource(RESOURCE)
        same(broker.stop(), 0, "exit status of the broker that makes the state")
        return self

    def __exit__(self, *_):
        self.stage.__exit__()

    def preload(self, name, **env):
        """The environment in which a program's calls go through scripts/interop/`name`.c first."""
        if not (compiler := shutil.which("clang") or shutil.which("cc")):
            raise NotHere("no C compiler")
        source, library = pathlib.Path(__file__).with_name(f"{name}.c"), self.stage.path(f"{name}.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, capture_output=True)
        return {"LD_PRELOAD": str(library)} | env

    def go_reader(self):
        """The program over Go's sumdb/tlog, compiled once."""
        target = self.stage.path("go-reader")
        if not target.exists():
            words = ["go", "build", "-o", str(target), str(tlog_proof.GO_READER)]
            subprocess.run(words, env=os.environ | tlog_proof.GO, check=True, capture_output=True, timeout=120)
        return target


class Copy:
    """One copy of the state: a broker on it, a client of it, and all that the client was given."""

    def __init__(self, original, folder):
        self.original, self.folder, self.state = original, pathlib.Path(folder), pathlib.Path(folder) / "state"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.state.exists():
            self.renew()
        self.proofs, self.keys, self.put_sure, self.put_maybe = [], [], original.key, []
        self.program = self.urls = None

    def renew(self):
        """The prepared state, whatever became of this copy."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.original.stage.state, self.state)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.program:
            self.program.kill()

    # the broker

    def start(self, prefix=(), env=None, config=True):
        words = [*prefix, self.original.binaries / "vouchsafe-broker", "serve", "--state", self.state, "--listen",
                 "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--anchors", self.original.stage.anchors]
        if config:
            words += ["--config", self.original.stage.path("roomy.json")]
        self.program = Program(words, self.folder / "broker.log", os.environ | (env or {}))
        return self.program

    def ready(self, seconds=60):
        self.urls = self.program.wait_for(READY, seconds).groups()

    def run_until_end(self, seconds=60, what="a fault"):
        """Exit status and last line of a broker that is expected to end by itself."""
        try:
            status = self.program.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the broker does not end after {what}:\n{self.program.output()[-800:]}") from None
        return status, sentence(self.program.output())

    def refused(self, words, statuses=(6,), **how):
        """A start ends with one of `statuses` and one line that holds `words`."""
        self.start(**how)
        status, line = self.run_until_end()
        true(status in statuses, f"exit status {status}: {self.program.output()[-400:]}")
        for word in words:
            true(word in line, f"{word!r} is not in: {line}")
        return line

    def terminate(self):
        """SIGTERM to the broker itself, whoever started it, unless it has ended."""
        if self.program.process.poll() is not None:
            return
        pid = self.program.process.pid
        if self.program.words[0] != str(self.original.binaries / "vouchsafe-broker"):
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                return
            pid = int(children[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 15)

    def stop(self, seconds=30):
        self.terminate()
        return self.run_until_end(seconds)

    # its client

    def attest(self):
        self.handshake = Handshake(Connection(self.urls[0], self.state / "tls" / "cert.pem"), self.original.pod)
        self.handshake.auth()
        self.handshake.attest()

    def release(self):
        answer = self.handshake.resource(RESOURCE)
        self.keys.append(self.handshake.open(answer))
        encoded = base64.b64decode(answer.headers["Vouchsafe-Log-Proof"], validate=True)
        self.proofs.append(tlog_proof.Proof(encoded, self.original.log_key))

    def change(self):
        """A new version of the key: sure when the tool says so, else perhaps."""
        key = self.original.numbers.randbytes(32)
        file = self.folder / "next.key"
        file.write_bytes(key)
        file.chmod(0o600)
        done = self.vouchsafe("key", "put", RESOURCE, "--file", file, "--bundle", "check", "--broker", self.urls[1])
        if done.returncode == 0:
            self.put_sure, self.put_maybe = key, []
        else:
            self.put_maybe.append(key)
            raise StageError(done.stderr)

    def vouchsafe(self, *words):
        env = os.environ | {"VOUCHSAFE_CONFIG": str(self.state / "client.json"), "NO_COLOR": "1"}
        return subprocess.run(
            [str(self.original.binaries / "vouchsafe"), *map(str, words)], stdin=subprocess.DEVNULL, env=env, timeout=60,
            capture_output=True, text=True)

    # what must be true

    def goes_on(self):
        """The next start recovers: what was released is logged, and the registry is what was acknowledged."""
        self.start()
        self.ready()
        self.attest()
        self.release()
        true(self.keys[-1] in [self.put_sure, *self.put_maybe], "the key is one that nobody registered")
        for key in self.keys:
            true(len(key) == 32, "a key has 32 bytes")
        status, line = self.stop()
        same(status, 0, f"exit status after recovery ({line or self.program.output()[-800:]})")
        self.is_whole()

    def is_whole(self):
        log, vkey = self.state / "log", self.state / "log.vkey"
        entries = tlog_proof.audit(log, self.original.log_key)
        every_receipt_is_in_the_log(entries, self.proofs)
        every_checkpoint_is_a_prefix(entries, self.proofs, self.original.log_key)
        done = subprocess.run([self.original.go_reader(), log, vkey], capture_output=True, text=True, timeout=60)
        same(done.returncode, 0, f"exit status of Go's reader ({done.stderr})")
        done = self.vouchsafe("audit", "verify", log, "--vkey", vkey)
        same(done.returncode, 0, f"exit status of audit verify ({done.stdout}{done.stderr})")
        self.evidence_is_whole(entries)
        self.nothing_holds_a_key()

    def evidence_is_whole(self, entries):
        """Every blob that a decision names as its evidence is there."""
        for entry in entries:
            if digest := json.loads(entry).get("evidence"):
                blob = self.state / "evidence" / digest[:2] / digest
                true(blob.exists(), f"evidence {digest} is missing")

    def nothing_holds_a_key(self):
        """What was released is on the disk in wrapped form only, and in no line that the broker printed."""
        spellings = [form for key in {*self.keys, self.put_sure, *self.put_maybe}
                     for form in (key, key.hex().encode(), base64.b64encode(key)[:42], base64.urlsafe_b64encode(key)[:42])]
        for file in [*self.state.rglob("*"), *self.folder.glob("*.log")]:
            if file.is_file():
                content = file.read_bytes()
                true(not any(form in content for form in spellings), f"{file.name} holds a key")


def sentence(output):
    """The line that a program ends with."""
    lines = [line for line in output.splitlines() if line.startswith("vouchsafe-broker: ")]
    true(len(lines) <= 1, f"more than one sentence: {lines}")
    return lines[0] if lines else ""
