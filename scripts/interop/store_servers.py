"""Servers for sealed models that do as they like: a bucket, and others that break off, lie, or send pods elsewhere."""
import base64
import contextlib
import http.server
import io
import json
import re
import ssl
import threading
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import werkzeug.serving
from moto.moto_server.werkzeug_app import create_backend_app

ACCESS, SECRET, TOKEN, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "session/token==", "eu-west-1"
HEAD = 40  # bytes before the first segment of a blob


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
        signer = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(*self.server.keys()), "s3", REGION)
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


class TokenService:
    """moto's STS: what it is asked, and the keys that it gave for that."""

    def __init__(self):
        self.app, self.asked, self.keys = create_backend_app("sts"), [], None

    def __call__(self, environment, start):
        body = environment["wsgi.input"].read(int(environment["CONTENT_LENGTH"]))
        environment["wsgi.input"] = io.BytesIO(body)
        self.asked.append(dict(urllib.parse.parse_qsl(body.decode())))
        answer = b"".join(self.app(environment, start))
        given = [re.search(f"<{name}>(.*)</{name}>", answer.decode())
                 for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        self.keys = tuple(found[1] for found in given) if all(given) else None
        return [answer]

    @contextlib.contextmanager
    def serving(self, world):
        server = werkzeug.serving.make_server(
            "127.0.0.1", 0, self, threaded=True, ssl_context=(str(world.cert), str(world.key)),
            request_handler=type("Quiet", (werkzeug.serving.WSGIRequestHandler,), {"log": lambda *_: None}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


@contextlib.contextmanager
def serving(world, handler, root):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.cert, world.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.root, server.asked, server.broken = root, [], 0
    server.keys = lambda: (ACCESS, SECRET, TOKEN)
    server.handle_error = lambda *_: None  # a client that had enough hangs up
    server.stalled, server.over, server.credentials = threading.Event(), threading.Event(), []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, f"https://127.0.0.1:{server.server_port}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
