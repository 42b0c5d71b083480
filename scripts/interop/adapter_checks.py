#!/usr/bin/env python3
"""LoRA adapters, and models with a publisher's signature, from a broker to a real engine.

  adapter_checks.py [--bin DIRECTORY] [--engine PYTHON]

A base model and an adapter, each sealed under a key of its own, approved, released to one pod, and served by llama.cpp:
requests that ask for the adapter get its answer, others that of the base. An adapter of another model, or one that nobody
approved, starts nothing. So does a model that its publisher did not sign so. One line a check; the last is
`N passed, N failed, N skipped`.
"""
import argparse
import base64
import hashlib
import http.client
import json
import pathlib
import shutil
import socket
import struct
import sys
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "Examples" / "demo"
sys.path[:0] = [str(ROOT / "scripts" / "lib"), str(DEMO)]
from checks import Checks, same, true  # noqa: E402
from stage import Program, Stage  # noqa: E402
from walls import named, stopped_over  # noqa: E402

import make_model  # noqa: E402
import story  # noqa: E402

BASE, ADAPTER = "models/base/key", "models/adapter/key"
SKIPPED = 5  # words of the base's answer that the adapter leaves out


def adapter_gguf():
    """A change of rank one to the head: after the tag that opens the assistant's turn comes another word."""
    padded = lambda data: data + bytes(-len(data) % make_model.ALIGNMENT)
    tokens, chain = make_model.vocabulary(make_model.ANSWER)
    embeddings = next(data for name, _, data in make_model.tensors(len(tokens), chain) if name == "token_embd.weight")
    row = 4 * make_model.WIDTH
    toward = [1.0 if token == chain[1 + SKIPPED] else 0.0 for token in range(len(tokens))]
    number = lambda form, value: struct.pack(form, value)
    described = [
        ("general.architecture", make_model.STRING, make_model.text("llama")),
        ("general.type", make_model.STRING, make_model.text("adapter")),
        ("general.alignment", make_model.UINT32, number("<I", make_model.ALIGNMENT)),
        ("adapter.type", make_model.STRING, make_model.text("lora")),
        ("adapter.lora.alpha", make_model.FLOAT32, number("<f", 1.0)),
    ]
    table, body = [], b""
    for name, shape, data in [
            ("output.weight.lora_a", (make_model.WIDTH, 1), embeddings[chain[0] * row:(chain[0] + 1) * row]),
            ("output.weight.lora_b", (1, len(tokens)), make_model.floats(toward))]:
        table.append(make_model.text(name) + struct.pack("<IQQIQ", 2, *shape, 0, len(body)))
        body += padded(data)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(table), len(described))
    head += b"".join(make_model.text(key) + number("<I", kind) + value for key, kind, value in described)
    return padded(head + b"".join(table)) + body


def ask(place, **more):
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(20)
    connection.sock.connect(str(place))
    body = {"messages": [{"role": "user", "content": "x"}], "temperature": 0, **more}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer["choices"][0]["message"]["content"].strip()


class World:
    def __init__(self, stage, engine):
        self.stage, self.engine, self.count = stage, engine, 0
        stage.waived = []
        stage.vouchsafe("key", "create", "--purpose", "provider", "--out", stage.path("provider"))
        self.plain("base", "model.gguf", make_model.gguf(make_model.ANSWER))
        self.plain("adapter", "adapter.gguf", adapter_gguf())
        self.base = self.seal("base", "base")
        self.other = self.seal("base", "other")
        self.adapter = self.seal("adapter", "adapter", "--base", self.base)
        stage.init_broker()
        self.guest = stage.start_tee()
        stage.start_broker("--anchors", stage.anchors)
        list(stage.register(stage.reference("pod", [BASE, ADAPTER])))
        stage.put_key(BASE, stage.path("base.key"), "pod")
        stage.put_key(ADAPTER, stage.path("adapter.key"), "pod")

    def plain(self, name, file, data):
        folder = self.stage.path(f"{name}.plain")
        folder.mkdir()
        (folder / file).write_bytes(data)

    def seal(self, plain, name, *more):
        out = self.stage.path(name)
        self.stage.vouchsafe(
            "model", "seal", self.stage.path(f"{plain}.plain"), out, "--model", plain, "--version", "1", "--key-file",
            self.stage.path(f"{name}.key"), "--sign-key", self.stage.path("provider.key"), *more)
        return out

    def start(self, change=lambda configuration: None):
        """An agent with base and adapter; with what `change` does to its configuration."""
        self.count += 1
        folder = self.stage.path(f"pod{self.count}")
        folder.mkdir()
        configuration = story.agent_configuration(self.stage, folder, self.guest, self.base, self.engine)
        configuration["broker"]["resource"] = BASE
        for name in ("name", "version"):
            del configuration["model"][name]
        configuration["adapters"] = [{
            "as": "short", "resource": ADAPTER, "directory": str(self.adapter), "file": "adapter.gguf",
            "providerVerifierKeyFile": str(self.stage.path("provider.vkey"))}]
        change(configuration)
        file = folder / "agent.json"
        file.write_text(json.dumps(configuration))
        program = Program([self.stage.binaries / "vouchsafe-agent", "run", "--config", file], folder / "agent.log")
        self.stage.programs.append(program)
        return program, story.socket_of(self.stage, folder.name)

    def find_walls(self):
        """Walls that this machine lets nobody build are waived here."""
        program, _ = self.start()
        try:
            program.wait_for(r'"stage":"(?:ready|end)"|"reason":"(?!ok)')
            if hint := stopped_over(program.output()):
                self.stage.waived = named(hint)
        finally:
            program.stop()


def served(world):
    program, place = world.start()
    try:
        story.wait_for_engine(program, place)
        words = make_model.ANSWER.split()
        same(ask(place), make_model.ANSWER, "the base's answer")
        same(ask(place, lora=[{"id": 0, "scale": 1.0}]), " ".join(words[SKIPPED:]), "the adapter's answer")
        same(ask(place), make_model.ANSWER, "the base's answer afterwards")
    finally:
        status = program.stop()
    same(status, 0, "status")
    same(list(world.stage.memory.iterdir()), [], "what is left in memory")


def refused(world, status, reason, change, before="evidence"):
    """The agent ends so, and not as late as `before`."""
    program, _ = world.start(change)
    try:
        same(program.process.wait(60), status, f"status of {program.output()[-600:]}")
        rows = [json.loads(line) for line in program.output().splitlines()]
        same(rows[-1]["reason"], reason, "reason")
        true(before not in [row["stage"] for row in rows], f"it got as far as {before}")
    finally:
        program.stop()
    same(list(world.stage.memory.iterdir()), [], "what is left in memory")


def other_base(world):
    def change(configuration):
        configuration["model"]["directory"] = str(world.other)
    refused(world, 6, "wrongBaseModel", change)


def no_base(world):
    def change(configuration):
        configuration["adapters"][0]["directory"] = str(world.other)
    refused(world, 6, "wrongBaseModel", change)


def not_approved(world):
    def change(configuration):
        configuration["adapters"][0]["resource"] = "models/nobody/key"
    program, _ = world.start(change)
    try:
        same(program.process.wait(60), 4, f"status of {program.output()[-600:]}")
        true('"stage":"weights"' not in program.output(), "the base was opened")
    finally:
        program.stop()
    same(list(world.stage.memory.iterdir()), [], "what is left in memory")


def bundle(key, files):
    """What OpenSSF model signing makes of files, with a key."""
    resources = [{"name": name, "algorithm": "sha256", "digest": hashlib.sha256(data).hexdigest()}
                 for name, data in sorted(files.items())]
    whole = hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()
    payload = json.dumps({
        "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "m", "digest": {"sha256": whole}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
                      "resources": resources}}).encode()
    kind = "application/vnd.in-toto+json"
    signature = key.sign(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload, ec.ECDSA(hashes.SHA256()))
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = lambda data: base64.b64encode(data).decode()
    return pem, json.dumps({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": hashlib.sha256(pem).hexdigest()}, "tlogEntries": []},
        "dsseEnvelope": {"payload": text(payload), "payloadType": kind, "signatures": [{"sig": text(signature)}]}})


def published(checks, world):
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    data = (world.stage.path("base.plain") / "model.gguf").read_bytes()
    pem, good = bundle(key, {"model.gguf": data})
    changed, more = bundle(key, {"model.gguf": data[:-1]})[1], bundle(key, {"model.gguf": data, "more": b""})[1]
    other_pem = bundle(other, {"model.gguf": data})[0]
    file, public = world.stage.path("model.sig"), world.stage.path("publisher.pem")

    def told(text, key):
        def change(configuration):
            file.write_text(text)
            public.write_bytes(key)
            configuration["model"]["publisher"] = {"signatureFile": str(file), "publicKeyFile": str(public)}
        return change

    def serves():
        program, place = world.start(told(good, pem))
        try:
            story.wait_for_engine(program, place)
        finally:
            program.stop()
    checks.run("a model that its publisher signed is served", serves)
    for name, status, reason, text, wanted in [
            ("another publisher's key", 2, "modelSignatureOtherKey", good, other_pem),
            ("other bytes than were signed", 6, "signedFileChanged", changed, pem),
            ("a signed file that was left out", 6, "signedFileMissing", more, pem),
            ("a bundle that is none", 5, "modelSignatureMalformed", "{}", pem)]:
        checks.run(name, lambda: refused(world, status, reason, told(text, wanted)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build" / "debug")
    parser.add_argument("--engine", type=pathlib.Path, default=ROOT / ".build" / "engine" / "bin" / "python")
    given = parser.parse_args()
    checks, folder = Checks(), pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-adapter-"))
    memory = pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-adapter-", dir="/dev/shm"))
    try:
        with Stage(folder, given.bin.resolve()) as stage:
            stage.memory = memory
            world = World(stage, given.engine)
            world.find_walls()
            checks.run("a base and its adapter are served", lambda: served(world))
            checks.run("an adapter of another base", lambda: other_base(world))
            checks.run("an adapter of no base", lambda: no_base(world))
            checks.run("an adapter that nobody approved", lambda: not_approved(world))
            published(checks, world)
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(memory)
    checks.finish()


if __name__ == "__main__":
    main()
