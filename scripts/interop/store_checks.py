#!/usr/bin/env python3
"""Sealed models from servers that are not ours: nginx, Debian's docker-registry, and a bucket that believes botocore's
signatures alone. And what opening costs: memory that does not grow with the model.

  store_checks.py [--bin DIRECTORY]
"""
import argparse
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import resource
import signal
import ssl
import subprocess
import sys
import tempfile
import time

from joserfc import jwe
from joserfc.jwk import OctKey

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from local import certificate, free_port, listens, nginx, resident, until  # noqa: E402
from stage import ROOT  # noqa: E402

import store_pod  # noqa: E402
from store_servers import (  # noqa: E402
    ACCESS, HEAD, REGION, SECRET, TOKEN, Breaking, Bucket, Forging, Growing, Hosted, Redirecting, Stalling, Telltale,
    serving)


class World:
    """A sealed model, the certificate of every server, and the program."""

    def __init__(self, folder, program):
        self.folder, self.program = pathlib.Path(folder), str(program)
        self.cert, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        certificate(self.folder)
        plain = self.folder / "plain"
        (plain / "sub").mkdir(parents=True)
        (plain / "weights.dat").write_bytes(os.urandom(9 << 20))
        (plain / "sub" / "config.json").write_text("{}")
        (plain / "empty.txt").write_bytes(b"")
        self.plain = plain
        self.seal(plain, "sealed")
        self.seal(plain, "layout", "--oci")

    def seal(self, source, name, *more):
        self.run("model", "seal", source, self.folder / name, "--model", "m", "--version", "1", "--key-file",
                 self.folder / "key", "--quiet", *more)

    def run(self, *words, wanted=0):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, timeout=120)
        same(done.returncode, wanted, f"status of {words[0]} {words[1]}: {done.stderr.strip()[-300:]}; it")
        return done

    def opens(self, location, *more):
        """Opens the model from there and compares every byte."""
        target = self.folder / f"open-{time.monotonic_ns()}"
        self.run("model", "open", location, target, "--key-file", self.folder / "key", "--quiet", "--verify-key",
                 self.folder / "key.provider.vkey", "--store-ca", self.cert, *more)
        for file in self.plain.rglob("*"):
            if file.is_file():
                same((target / file.relative_to(self.plain)).read_bytes() == file.read_bytes(), True, f"{file.name} as it was")

    def fails(self, location, status, *more):
        target = self.folder / f"open-{time.monotonic_ns()}"
        done = self.run("model", "open", location, target, "--key-file", self.folder / "key", "--quiet", "--store-ca",
                        self.cert, *more, wanted=status)
        true(not target.exists(), "nothing is left of a model that did not open")
        return done.stderr


@contextlib.contextmanager
def process(words, port):
    child = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(f"{words[0]} on its port", lambda: listens(port) or child.poll() is not None)
        true(child.poll() is None, f"{words[0]} does not start")
        yield
    finally:
        child.terminate()
        child.wait(10)


# servers that are not ours

def from_nginx(world):
    log = world.folder / "access.log"
    port, words = nginx(world.folder, world.folder, log)
    with process(words, port):
        world.opens(f"https://127.0.0.1:{port}/sealed/")
        lines = log.read_text().splitlines()
        same({line.split()[0] for line in lines}, {"GET"}, "methods")
        same({line.split()[1] for line in lines}, {"200", "206"}, "statuses")
        ranges = [line.split()[2] for line in lines if line.split()[1] == "206"]
        same(len(ranges), len(set(ranges)) + 2, "parts, of which the heads of three files are alike; they")
        world.fails(f"https://127.0.0.1:{port}/nowhere/", 3)
        world.fails(f"https://localhost:{port}/sealed/", 3)  # another name than the certificate's


def registry(world):
    port = free_port()
    settings = world.folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {world.folder}/registry}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}', tls: {{certificate: {world.cert}, key: {world.key}}}}}\n")
    with process(["docker-registry", "serve", settings], port):
        push(world, port)
        world.opens(f"oci://127.0.0.1:{port}/team/model:1")
        digest = json.loads((world.folder / "layout" / "index.json").read_text())["manifests"][0]["digest"]
        world.opens(f"oci://127.0.0.1:{port}/team/model@{digest}")
        world.fails(f"oci://127.0.0.1:{port}/team/model:2", 3)
    world.opens(world.folder / "layout")


def push(world, port):
    """An image layout to a registry, as any client would."""
    layout = world.folder / "layout"
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    manifest = (layout / "blobs" / "sha256" / entry["digest"][7:]).read_bytes()
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context(cafile=world.cert))

    def ask(method, url, body=b"", **headers):
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer

    for part in [json.loads(manifest)["config"], *json.loads(manifest)["layers"]]:
        body = (layout / "blobs" / "sha256" / part["digest"][7:]).read_bytes()
        same((len(body), f"sha256:{hashlib.sha256(body).hexdigest()}"), (part["size"], part["digest"]), "a layer")
        place = ask("POST", "/v2/team/model/blobs/uploads/").getheader("Location")
        sign = "&" if "?" in place else "?"
        put = ask("PUT", f"{place}{sign}digest={part['digest']}", body, **{"Content-Type": "application/octet-stream"})
        same(put.status, 201, "the answer to a blob")
    tag = entry["annotations"]["org.opencontainers.image.ref.name"]
    put = ask("PUT", f"/v2/team/model/manifests/{tag}", manifest, **{"Content-Type": entry["mediaType"]})
    same(put.status, 201, "the answer to the manifest")


# a bucket, and servers that break off, lie or stall

def bucket(world):
    credentials = world.folder / "credentials"
    with serving(world, Bucket, world.folder / "sealed") as (server, address):
        for secret, status in ((SECRET, 0), ("another", 3)):
            credentials.write_text(f"[default]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {secret}\n"
                                   f"aws_session_token = {TOKEN}\n")
            options = ["--store-credentials", credentials, "--store-region", REGION, "--store-endpoint", address]
            place = "s3://bucket/some+folder"
            if status:
                true("permit" in world.fails(place, status, *options), "the refusal names the permission")
            else:
                world.opens(place, *options)
        same({method for method, *_ in server.asked}, {"GET"}, "methods")
        true(all("/bucket/some" in path and "?" not in path for _, path, _ in server.asked), "objects alone are asked for")


def breaking(world):
    with serving(world, Breaking, world.folder / "sealed") as (server, address):
        world.opens(f"{address}/")
        true(server.broken > 3, "transfers broke")
        spans = [list(map(int, span[6:].split("-"))) for _, path, span in server.asked if span and "blobs" in path]
        starts = [tuple(span) for span in spans if span[1] - span[0] >= HEAD]
        same(len(starts), len(set(starts)), "parts asked for, each once; they")


def hostile(world):
    token = world.folder / "token"
    token.write_text("for-the-store-alone\n")
    with serving(world, Telltale, world.folder) as (telltale, elsewhere):
        with serving(world, Redirecting, world.folder / "sealed") as (server, address):
            server.target = elsewhere
            true("redirect" in world.fails(f"{address}/", 3, "--store-credentials", token), "the refusal names the redirect")
        same(telltale.asked, [], "what the other server was asked")
    token.write_text("user:password\n")
    layout = world.folder / "layout"
    with serving(world, Telltale, layout / "blobs" / "sha256") as (telltale, elsewhere):
        with serving(world, Hosted, layout) as (server, address):
            server.target = elsewhere
            world.opens(f"oci://{address[8:]}/r:1", "--store-credentials", token)
        same(set(telltale.credentials), {None}, "what the registry's other server learned")
    with serving(world, Forging, world.folder / "sealed") as (_, address):
        world.fails(f"{address}/", 6)
    with serving(world, Growing, world.folder / "sealed") as (_, address):
        true("another part" in world.fails(f"{address}/", 3), "the refusal names the part")


def killed(world):
    with serving(world, Stalling, world.folder / "sealed") as (server, address):
        target = world.folder / "killed"
        child = subprocess.Popen(
            [world.program, "model", "open", f"{address}/", str(target), "--key-file", str(world.folder / "key"),
             "--store-ca", str(world.cert), "--quiet"], stderr=subprocess.DEVNULL)
        true(server.stalled.wait(60), "the transfer began")
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        true(not target.exists(), "nothing has the model's name")
        hidden = world.folder / ".killed.partial"
        same(oct(hidden.stat().st_mode & 0o777), "0o700", "the mode of what was begun")


# a file of KServe's

def kserve(world):
    """What joserfc encrypts, as KServe's images do: one JWE in compact form."""
    key, plain = os.urandom(32), os.urandom((3 << 20) + 5)
    header = {"alg": "A256KW", "enc": "A256GCM"}
    text = jwe.encrypt_compact(header, plain, OctKey.import_key(key), algorithms=list(header.values()))
    (world.folder / "kserve.key").write_bytes(key)
    file, words = world.folder / "weights.dat.jwe", ["--key-file", world.folder / "kserve.key", "--quiet"]
    file.write_text(text)
    world.run("model", "open-jwe", file, world.folder / "jwe", *words)
    true((world.folder / "jwe" / "weights.dat").read_bytes() == plain, "the file is as it was")
    for place in (len(text) // 2, len(text) - 3):
        file.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1:])
        world.run("model", "open-jwe", file, world.folder / "forged", *words, wanted=6)
        true(not (world.folder / "forged").exists(), "nothing is left of a file that did not open")
    file.write_text(text[:-400])
    world.run("model", "open-jwe", file, world.folder / "short", *words, wanted=5)
    true(not (world.folder / "short").exists(), "nothing is left of a file that was cut")


# memory

def limited():
    """64 MiB of private memory for everything, code's own and stacks included."""
    resource.setrlimit(resource.RLIMIT_DATA, (64 << 20, 64 << 20))
    resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))


def peak(words):
    """Most memory of a program's own that is resident while it keeps within the limit, in bytes: what it has mapped of
    its destination is the destination's."""
    child = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=limited)
    most = 0
    while child.poll() is None:
        most = max(most, resident(child.pid))
        time.sleep(0.001)
    same(child.returncode, 0, f"status of {words[1]} {words[2]} in 64 MiB")
    return most


def memory(world):
    """The kernel holds the limit; what is resident, code included, does not grow with the model either: by no tenth of
    what the model grows, as it is seen a thousand times a second."""
    own = peak([world.program, "model", "open", "--help"])
    peaks = {}
    for mebibytes in (128, 384):
        plain = world.folder / f"plain-{mebibytes}"
        plain.mkdir()
        with open(plain / "weights.dat", "wb") as out:
            for _ in range(mebibytes):
                out.write(os.urandom(1 << 20))
        world.seal(plain, f"sealed-{mebibytes}")
        (plain / "weights.dat").unlink()
        for threads in (2, 8, 16):
            for cold in (False, True):
                [blob] = (world.folder / f"sealed-{mebibytes}" / "blobs").iterdir()
                forget(blob, cold)
                with tempfile.TemporaryDirectory(dir="/dev/shm") as out:
                    peaks[mebibytes, threads, cold] = peak(
                        [world.program, "model", "open", world.folder / f"sealed-{mebibytes}", f"{out}/m", "--key-file",
                         world.folder / "key", "--threads", threads, "--quiet"])
    for (mebibytes, threads, cold), used in peaks.items():
        true(used - own <= 64 << 20, f"{(used - own) >> 20} MiB beside {mebibytes} MiB, {threads} threads, cold {cold}")
    for threads in (2, 8, 16):
        growth = peaks[384, threads, True] - peaks[128, threads, True]
        true(growth <= 24 << 20, f"memory grew by {growth >> 20} MiB with the model, {threads} threads")


def forget(blob, cold):
    """Out of the page cache, so that it is read from the disk."""
    if cold:
        file = os.open(blob, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build" / "debug")
    arguments = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-stores-") as folder:
        world = World(folder, arguments.bin / "vouchsafe")
        checks.run("a model comes from nginx by parts, each asked for once, and by no method but GET", lambda: from_nginx(world))
        checks.run("a registry takes the image layout, and the model comes back from it", lambda: registry(world))
        checks.run("a bucket that believes botocore's signature believes ours", lambda: bucket(world))
        checks.run("a transfer that breaks goes on where it was", lambda: breaking(world))
        checks.run("a server that redirects, forges or gives other parts starts nothing and learns nothing",
                   lambda: hostile(world))
        checks.run("kill -9 in the middle leaves nothing under the model's name", lambda: killed(world))
        checks.run("a file that KServe's way encrypted opens, and a forged or cut one leaves nothing", lambda: kserve(world))
        checks.run("an agent takes its model from a server into memory of its own, which nobody else sees",
                   lambda: store_pod.opens(world, arguments.bin))
        checks.run("an agent exchanges the pod's token at moto's STS, and the bucket believes the keys it gets",
                   lambda: store_pod.exchanges(world, arguments.bin))
        checks.run("opening takes 64 MiB at most, whatever the model's size", lambda: memory(world))
    checks.finish()


if __name__ == "__main__":
    main()
