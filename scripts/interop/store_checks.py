#!/usr/bin/env python3
"""Sealed models from servers that are not ours: nginx, Debian's docker-registry, and a bucket that believes botocore's
signatures alone. And what opening costs: memory that does not grow with the model.

  store_checks.py [--bin DIRECTORY]
"""
import argparse
import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from joserfc import jwe
from joserfc.jwk import OctKey

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import ROOT  # noqa: E402

ACCESS, SECRET, TOKEN, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "session/token==", "eu-west-1"
HEAD = 40


class World:
    """A sealed model, the certificate of every server, and the program."""

    def __init__(self, folder, program):
        self.folder, self.program = pathlib.Path(folder), str(program)
        self.cert, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", self.key, "-out", self.cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True)
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


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def process(words, port):
    child = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            true(child.poll() is None, f"{words[0]} does not start")
            time.sleep(0.05)
        yield
    finally:
        child.terminate()
        child.wait(10)


# servers that are not ours

def nginx(world):
    port, log = free_port(), world.folder / "access.log"
    user = "user root;" if os.geteuid() == 0 else ""
    settings = world.folder / "nginx.conf"
    temporary = " ".join(f"{kind}_temp_path {world.folder}/{kind};" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    settings.write_text(
        f"daemon off; pid {world.folder}/nginx.pid; error_log /dev/null crit; {user} events {{}}\n"
        f"http {{ log_format m '$request_method $status $http_range'; access_log {log} m; {temporary}\n"
        f" server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {world.cert}; ssl_certificate_key {world.key};"
        f" root {world.folder}; }} }}\n")
    with process(["nginx", "-p", world.folder, "-c", settings], port):
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


# a bucket, and a server that breaks off

class Files(http.server.BaseHTTPRequestHandler):
    """Files below a folder, by ranges. What is asked is kept in `server.asked`."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        if not self.permitted():
            return self.answer(403, b"")
        file = self.server.root / self.path.lstrip("/").removeprefix("bucket/some%2Bfolder/")
        if not file.is_file():
            return self.answer(404, b"")
        body, wanted = file.read_bytes(), re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not wanted:
            return self.answer(200, body)
        first, last = int(wanted[1]), int(wanted[2])
        self.answer(206, body[first:last + 1], ("Content-Range", f"bytes {first}-{last}/{len(body)}"))

    def answer(self, status, body, *fields):
        self.send_response(status)
        for name, value in [("Content-Length", str(len(body))), *fields]:
            self.send_header(name, value)
        self.end_headers()
        self.send(body)

    def send(self, body):
        self.wfile.write(body)

    def permitted(self):
        return True


class Bucket(Files):
    """Believes a request that botocore would have signed in the same way, with the time it says."""

    def permitted(self):
        now = self.headers.get("X-Amz-Date", "")
        request = botocore.awsrequest.AWSRequest(
            method=self.command, url=f"https://{self.headers['Host']}{self.path}",
            headers={"X-Amz-Content-SHA256": self.headers.get("X-Amz-Content-SHA256", "")})
        request.context["timestamp"] = now
        signer = botocore.auth.S3SigV4Auth(
            botocore.credentials.Credentials(ACCESS, SECRET, TOKEN), "s3", REGION)
        signer._modify_request_before_signing(request)
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        return self.headers.get("Authorization", "").endswith(f"Signature={signature}")


class Breaking(Files):
    """Breaks off after a third of every longer part."""

    def send(self, body):
        if "blobs" not in self.path or len(body) < 1 << 19:
            return super().send(body)
        self.wfile.write(body[:len(body) // 3])
        self.close_connection = True
        self.server.broken += 1


class Stalling(Files):
    """Gives a part of the weights and then nothing more."""

    def send(self, body):
        if len(body) < 1 << 20:
            return super().send(body)
        self.wfile.write(body[:len(body) // 2])
        self.server.stalled.set()
        self.server.over.wait(60)


class Redirecting(Files):
    """Sends whoever asks for weights somewhere else, with whatever they would bring along."""

    def do_GET(self):
        if "blobs" not in self.path or "elsewhere" in self.path:
            return super().do_GET()
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        self.answer(302, b"", ("Location", f"{self.server.target}/{self.path.rsplit('/', 1)[1]}"))


class Telltale(Files):
    """Keeps what credentials came."""

    def do_GET(self):
        self.server.credentials.append(self.headers.get("Authorization"))
        super().do_GET()


class Hosted(Files):
    """A registry that wants a password, and keeps its blobs somewhere else."""

    def do_GET(self):
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"user:password").decode():
            return self.answer(401, b"", ("WWW-Authenticate", 'Basic realm="here"'))
        if "/blobs/" in self.path:
            return self.answer(307, b"", ("Location", f"{self.server.target}/{self.path.rsplit(':', 1)[1]}"))
        digest = json.loads((self.server.root / "index.json").read_text())["manifests"][0]["digest"]
        self.answer(200, (self.server.root / "blobs" / "sha256" / digest[7:]).read_bytes())


class Forging(Files):
    """Turns one bit of the weights over, and says nothing."""

    def send(self, body):
        if len(body) > 1 << 19:
            body = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
        super().send(body)


class Growing(Files):
    """Answers a range with another one of the same length, as it says itself."""

    def answer(self, status, body, *fields):
        if status == 206 and "blobs" in self.path and len(body) > HEAD:
            fields = [(name, value.replace("bytes ", "bytes 1", 1)) for name, value in fields]
        super().answer(status, body, *fields)


@contextlib.contextmanager
def serving(world, handler, root):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.cert, world.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.root, server.asked, server.broken = root, [], 0
    server.handle_error = lambda *_: None  # a client that had enough hangs up
    server.stalled, server.over, server.credentials = threading.Event(), threading.Event(), []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, f"https://127.0.0.1:{server.server_port}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


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
    """Largest resident memory of a program that keeps within the limit, in bytes."""
    child = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=limited)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    same(child.returncode, 0, f"status of {words[1]} {words[2]} in 64 MiB")
    return usage.ru_maxrss * 1024


def memory(world):
    """The kernel holds the limit; what is resident, code included, does not grow with the model either."""
    own = peak([world.program, "model", "open", "--help"])
    peaks = {}
    for mebibytes in (32, 384):
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
        growth = peaks[384, threads, True] - peaks[32, threads, True]
        true(growth <= 8 << 20, f"memory grew by {growth >> 20} MiB with the model, {threads} threads")


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
        checks.run("a model comes from nginx by parts, each asked for once, and by no method but GET", lambda: nginx(world))
        checks.run("a registry takes the image layout, and the model comes back from it", lambda: registry(world))
        checks.run("a bucket that believes botocore's signature believes ours", lambda: bucket(world))
        checks.run("a transfer that breaks goes on where it was", lambda: breaking(world))
        checks.run("a server that redirects, forges or gives other parts starts nothing and learns nothing",
                   lambda: hostile(world))
        checks.run("kill -9 in the middle leaves nothing under the model's name", lambda: killed(world))
        checks.run("a file that KServe's way encrypted opens, and a forged or cut one leaves nothing", lambda: kserve(world))
        checks.run("opening takes 64 MiB at most, whatever the model's size", lambda: memory(world))
    checks.finish()


if __name__ == "__main__":
    main()
