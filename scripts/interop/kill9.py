#!/usr/bin/env python3
"""kill -9 under load: whatever a client was given must be in the log that is left.

  kill9.py [--bin DIRECTORY] [--rounds N] [--seconds N] [--seed N]

Clients fetch keys as fast as they can while the broker is killed at random moments and started again. In the end every
entry whose proof came with a key must stand in the log at its index, every checkpoint that was seen must be a prefix
of the last one, and Go's sumdb/tlog must accept the directory. Says the seed, and ends with the counts.
"""
import argparse
import base64
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import ROOT, Stage  # noqa: E402

import tlog_proof  # noqa: E402
from kbs_client import Connection, Handshake, Refused  # noqa: E402

RESOURCE = "models/check/key"
CLIENTS, FETCHES = 3, 4


class Client(threading.Thread):
    """Attests, fetches a few times, and starts again, until told to end; keeps each proof that it was given."""

    def __init__(self, stage, pod, key, log_key):
        super().__init__(daemon=True)
        self.stage, self.pod, self.key, self.log_key = stage, pod, key, log_key
        self.ended, self.proofs, self.broken, self.wrong = threading.Event(), [], 0, []

    def run(self):
        connection = Connection(self.stage.broker_url, self.stage.state / "tls" / "cert.pem")
        while not self.ended.is_set():
            try:
                self.session(Handshake(connection, self.pod))
            except (OSError, Refused, ValueError):  # the broker is down, or another one than we attested to
                self.broken += 1
                time.sleep(0.02)
            except Exception as error:
                self.wrong.append(repr(error))

    def session(self, handshake):
        handshake.auth()
        handshake.attest()
        for _ in range(FETCHES):
            answer = handshake.resource(RESOURCE)
            same(handshake.open(answer), self.key, "key")
            encoded = answer.headers["Vouchsafe-Log-Proof"]
            self.proofs.append(tlog_proof.Proof(base64.b64decode(encoded, validate=True), self.log_key))


def prefix_roots(entries):
    """The root of every prefix of the log, by size."""
    roots, frontier = [tlog_proof.root_of([])], []
    for entry in entries:
        size, top = 1, tlog_proof.leaf_hash(entry)
        while frontier and frontier[-1][0] == size:
            top, size = tlog_proof.node_hash(frontier.pop()[1], top), size * 2
        frontier.append((size, top))
        root = frontier[-1][1]
        for _, left in reversed(frontier[:-1]):
            root = tlog_proof.node_hash(left, root)
        roots.append(root)
    return roots


def every_receipt_is_in_the_log(entries, proofs):
    for proof in proofs:
        true(proof.index < len(entries), f"entry {proof.index} is lost: the log has {len(entries)}")
        true(entries[proof.index] == proof.entry, f"entry {proof.index} is another one now")


def every_checkpoint_is_a_prefix(entries, proofs, log_key):
    roots = prefix_roots(entries)
    for proof in proofs:
        size, root = tlog_proof.checkpoint(proof.note, log_key)
        true(size < len(roots) and roots[size] == root, f"the checkpoint of size {size} is of another history")


def play(stage, given, numbers):
    """Runs the load and the kills; the clients, and how often a kill met a broker that had released something."""
    stage.init_broker()
    pod = stage.start_tee()
    broker = stage.start_broker("--anchors", stage.anchors)
    for _ in stage.register(stage.reference("check", [RESOURCE])):
        pass
    key = numbers.randbytes(32)
    stage.path("model.key").write_bytes(key)
    stage.put_key(RESOURCE, stage.path("model.key"), "check")
    log_key = tlog_proof.VerifierKey((stage.state / "log.vkey").read_text())
    clients = [Client(stage, pod, key, log_key) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    busy, end = 0, time.monotonic() + given.seconds
    for round in range(given.rounds):
        before = sum(len(client.proofs) for client in clients)
        time.sleep(numbers.uniform(0.05, 2 * given.seconds / given.rounds / 2))
        broker.kill()
        busy += sum(len(client.proofs) for client in clients) > before
        broker = stage.start_broker("--anchors", stage.anchors)
        if time.monotonic() > end and round + 1 >= given.rounds // 2:
            break
    time.sleep(0.5)
    for client in clients:
        client.ended.set()
    for client in clients:
        client.join(40)
    same(broker.stop(), 0, "the broker's exit status when it is asked to end")
    return clients, busy, log_key


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug")
    reading.add_argument("--rounds", type=int, default=20)
    reading.add_argument("--seconds", type=int, default=40)
    reading.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = reading.parse_args()
    print(f"seed {given.seed}")
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-kill9-") as folder, Stage(folder, given.bin) as stage:
        played = checks.run("the broker starts again after each kill -9", lambda: play(stage, given, random.Random(given.seed)))
        if played:
            clients, busy, log_key = played
            proofs = [proof for client in clients for proof in client.proofs]
            print(f"{len(proofs)} keys released, {busy} kills under load, {sum(c.broken for c in clients)} sessions broken off")
            log = stage.state / "log"
            checks.run("keys were released between the kills", lambda: true(busy >= 3, f"only {busy} kills met a release"))
            checks.run("no client was given anything wrong", lambda: same([w for c in clients for w in c.wrong], [], "wrong"))
            entries = checks.run("the log left behind is whole", lambda: tlog_proof.audit(log, log_key)) or []
            checks.run("every release is in the log", lambda: every_receipt_is_in_the_log(entries, proofs))
            checks.run("every checkpoint seen is of one history", lambda: every_checkpoint_is_a_prefix(entries, proofs, log_key))
            checks.run("Go's sumdb/tlog accepts the log", lambda: tlog_proof.go_accepts(log, stage.state / "log.vkey"))
    checks.finish()


if __name__ == "__main__":
    main()
