"""Witnesses as strangers see them, written from C2SP's texts: cosignatures, add-checkpoint, and a log to show them.

Shares no code with the product.
"""
import base64
import hashlib
import http.client
import http.server
import struct
import threading
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tlog_proof import Invalid, leaf_hash, root_of


def key_id(name, kind, raw):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]


def vkey(name, kind, raw):
    return f"{name}+{key_id(name, kind, raw).hex()}+{base64.b64encode(bytes([kind]) + raw).decode()}"


def note_lines(note):
    """Text of a note, and (name, key id, signature) of each line."""
    text, separator, signatures = note.rpartition(b"\n\n")
    if not separator:
        raise Invalid("note without signatures")
    return text + b"\n", signature_lines(signatures)


def signature_lines(data):
    found = []
    for line in data.decode().splitlines():
        dash, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        if dash != "\u2014":
            raise Invalid("signature line")
        found.append((name, raw[:4], raw[4:]))
    return found


class CosignatureKey:
    """A witness's verifier key: type 4."""

    def __init__(self, text):
        self.text = text.strip()
        self.name, identity, encoded = self.text.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        if raw[0] != 4 or len(raw) != 33 or key_id(self.name, 4, raw[1:]).hex() != identity:
            raise Invalid("witness key")
        self.identity, self.key = bytes.fromhex(identity), Ed25519PublicKey.from_public_bytes(raw[1:])

    def time_of(self, text, lines):
        """When the witness signed the text; raises when no line of its own verifies."""
        for name, identity, signature in lines:
            if name == self.name and identity == self.identity:
                seconds = struct.unpack(">Q", signature[:8])[0]
                try:
                    self.key.verify(signature[8:], f"cosignature/v1\ntime {seconds}\n".encode() + text)
                except InvalidSignature:
                    raise Invalid("cosignature") from None
                return seconds
        raise Invalid("not cosigned by this witness")


class Log:
    """A log of any entries, with a key of its own, that can lie as its owner likes."""

    def __init__(self, name, entries):
        self.name, self.hashes = name, [leaf_hash(entry) for entry in entries]
        self.private = Ed25519PrivateKey.generate()

    @property
    def raw(self):
        return self.private.public_key().public_bytes_raw()

    @property
    def vkey(self):
        return vkey(self.name, 1, self.raw)

    @property
    def path(self):
        return f"/{hashlib.sha256(self.name.encode()).hexdigest()}/checkpoint"

    def checkpoint(self, size, root=None, sign=None):
        root = root_of(self.hashes[:size]) if root is None else root
        text = f"{self.name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        signature = key_id(self.name, 1, self.raw) + (sign or self.private).sign(text)
        return text + b"\n" + f"\u2014 {self.name} {base64.b64encode(signature).decode()}\n".encode()

    def consistency(self, old, new):
        """RFC 6962, 2.1.2."""
        return [] if old in (0, new) else self.subproof(old, self.hashes[:new], True)

    def subproof(self, old, hashes, whole):
        if old == len(hashes):
            return [] if whole else [root_of(hashes)]
        half = 1 << (len(hashes) - 1).bit_length() - 1
        if old <= half:
            return self.subproof(old, hashes[:half], whole) + [root_of(hashes[half:])]
        return self.subproof(old - half, hashes[half:], False) + [root_of(hashes[:half])]

    def request(self, old, new, proof=None, checkpoint=None):
        proof = self.consistency(old, new) if proof is None else proof
        lines = "".join(base64.b64encode(entry).decode() + "\n" for entry in proof)
        return f"old {old}\n{lines}\n".encode() + (checkpoint or self.checkpoint(new))


def call(url, method="GET", path="", body=None):
    """Status, headers and body."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class LyingWitness:
    """Answers every request with what `answer` makes of its body: a status and bytes."""

    def __init__(self, answer):
        outer = self
        self.answer, self.asked = answer, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.asked += 1
                self.reply(*outer.answer(self.rfile.read(int(self.headers["Content-Length"]))))

            def do_GET(self):
                self.reply(404, b"none\n")

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
